"""Decoding a file forward with PyAV, strictly: what cannot be decoded is an error, so counting never slips."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.reformatter import VideoReformatter

from mevqa.errors import MediaError
from mevqa.video.decoding.bounds import MOST_PIXELS, check_size
from mevqa.video.decoding.orientation import Orientation

#: Demuxers that read one file of pictures. Playlists (hls, concat, dash, image2) are left out: they open other files.
_DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,asf,flv,live_flv,mpeg,mpegts,mpegvideo,ogg,gif,apng,mxf,nut,dv,wtv,rm,"
    "ivf,h264,hevc,m4v,mjpeg,yuv4mpegpipe,obu,av1,vc1,dirac,h263,h261,swf,nsv,rawvideo,smjpeg,nuv,film_cpk,bink,roq,"
    "webp_pipe,mp3,wav,flac,aac,caf,aiff,w64,amr"
)

#: Options of a decoder that repairs nothing.
STRICT = {"err_detect": "crccheck+bitstream+buffer+explode"}

#: libavcodec repairs a damaged JPEG without a word unless told not to; the other decoders flag what they repaired.
_OF_CODECS = {"mjpeg": STRICT}


def open_stream(path: Path, options: Mapping[str, str] | None = None) -> tuple[Any, Any]:
    """Open a video file and its first picture stream, and nothing but this file.

    Args:
        path: The file.
        options: Of the decoder; None: the strict ones of its codec.

    Returns:
        PyAV's container, to be closed by the caller, and its stream.

    Raises:
        MediaError: Not a video that PyAV reads, without a picture stream, or with frames that are too large.
    """
    # Other packages (torchvision.io) let PyAV hand messages to Python: a thread of a decoder then waits for the
    # interpreter, which waits for that thread where the decoder is freed.
    av.logging.set_level(None)
    try:
        # "file:" keeps a colon in the name from being read as a protocol.
        container = av.open(
            f"file:{path.absolute()}",
            options={"format_whitelist": _DEMUXERS, "protocol_whitelist": "file"},
            metadata_errors="replace",
        )
    except (av.FFmpegError, OSError, ValueError) as error:
        raise MediaError(path, f"cannot be read as a video ({_words(error)})") from error
    try:
        stream = _picture_stream(path, container)
        context = stream.codec_context
        decoder_options = _OF_CODECS.get(context.name, {}) if options is None else options
        context.options = {"max_pixels": str(MOST_PIXELS), **decoder_options}
        return container, stream
    except MediaError:
        container.close()
        raise


def _picture_stream(path: Path, container: Any) -> Any:
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
            context = stream.codec_context
            if context is None:
                raise MediaError(path, "its codec is not one that PyAV decodes; re-encode it, say to H.264")
            check_size(path, context.width, context.height)
            return stream
    raise MediaError(path, "has no video stream (sound only?)")


class StreamingDecoder:
    """The frames of a file's first picture stream, from the start, in presentation order.

    Attributes:
        stream: The PyAV stream.
    """

    def __init__(self, path: Path, on_packet: Callable[[Any], None] | None = None) -> None:
        """Open ``path``; ``on_packet`` sees every packet before it is decoded.

        Raises:
            MediaError: Not a video that PyAV reads, or without a picture stream.
        """
        self._path = path
        self._on_packet = on_packet
        self._container, self.stream = open_stream(path)
        self.stream.thread_type = "AUTO"
        self._frames = self._decode()

    @property
    def container_name(self) -> str:
        """Names of the demuxer, as ffmpeg gives them: ``mov,mp4,m4a,3gp,3g2,mj2``."""
        return str(self._container.format.name)

    def __iter__(self) -> Iterator[Any]:
        return self

    def __next__(self) -> Any:
        return next(self._frames)

    def jump(self, stamp: int) -> None:
        """Go on with the keyframe at a presentation time, in units of the stream, or with one before it."""
        self._container.seek(stamp, stream=self.stream)

    def close(self) -> None:
        """Close the file."""
        self._frames.close()
        self._container.close()

    def _decode(self) -> Generator[Any, None, None]:
        count = 0
        packets = self._container.demux(self.stream)
        while True:
            try:
                packet = next(packets)
                if packet.is_corrupt:
                    raise MediaError(self._path, f"is damaged or truncated after frame {count}")
                if self._on_packet is not None:
                    self._on_packet(packet)
                frames = packet.decode()
            except StopIteration:
                return
            except (av.FFmpegError, OSError, ValueError) as error:
                raise MediaError(self._path, f"cannot be decoded after frame {count} ({_words(error)})") from error
            for frame in frames:
                check_size(self._path, frame.width, frame.height)
                if frame.is_corrupt:
                    raise MediaError(self._path, f"frame {count} is damaged")
                yield frame
                count += 1


class Painter:
    """Turns decoded frames into upright RGB arrays, keeping the converter between frames."""

    def __init__(self, orientation: Orientation) -> None:
        self._orientation = orientation
        self._reformatter = VideoReformatter()

    def __call__(self, frame: Any) -> np.ndarray:
        """Return ``frame`` as uint8 ``[H, W, 3]`` RGB."""
        return self._orientation.apply(self._reformatter.reformat(frame, format="rgb24").to_ndarray())


def _words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)

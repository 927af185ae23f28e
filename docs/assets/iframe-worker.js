// Search in pages that are opened from a disk. Browsers start no worker from file://, so the script of the worker runs
// in a hidden frame, with the messages of a worker.
if (location.protocol === "file:") {
  window.Worker = class extends EventTarget {
    constructor(url) {
      super();
      const frame = document.createElement("iframe");
      frame.hidden = true;
      document.body.appendChild(frame);
      this.inside = frame.contentWindow;
      window.addEventListener("message", (event) => {
        if (event.source !== this.inside) return;
        const message = new MessageEvent("message", { data: event.data });
        this.dispatchEvent(message);
        if (this.onmessage) this.onmessage(message);
      });
      this.ready = new Promise((resolve) => {
        const page = this.inside.document;
        page.open();
        page.write("<script>postMessage = (data) => parent.postMessage(data, \"*\")</script>");
        page.close();
        const script = page.createElement("script");
        script.src = url;
        script.onload = resolve;
        page.head.appendChild(script);
      });
    }
    postMessage(data) {
      this.ready.then(() => this.inside.dispatchEvent(new MessageEvent("message", { data, source: window })));
    }
    terminate() {}
  };
}

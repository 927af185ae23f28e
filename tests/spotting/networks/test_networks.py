"""Shapes, sizes and independence of the networks of the published systems."""

from __future__ import annotations

import pytest
import torch

from mevqa.spotting.boosting_vrme.network import BoostingVrme
from mevqa.spotting.causal_ex.network import CausalEx
from mevqa.spotting.me_tst_plus.network import MeTstPlus
from mevqa.spotting.meldae.network import Meldae
from mevqa.spotting.networks.boundary_loss import boundary_weights, interval_loss
from mevqa.spotting.pesformer.network import PesFormer, positions

SMALL = {"width": 8, "depth": 1, "states": 4}


def networks():
    torch.manual_seed(0)
    made = {
        "boosting-vrme": BoostingVrme(36, 5, **SMALL),
        "me-tst-plus": MeTstPlus(36, 5, **SMALL),
        "me-tst-plus, exchange": MeTstPlus(36, 5, **SMALL, exchange=True),
        "pesformer": PesFormer(36, 5, 8, 2, 2),
        "meldae": Meldae(36, 5, 8),
    }
    return made


@pytest.mark.parametrize("name", list(networks()))
@pytest.mark.parametrize("length", [1, 2, 31])
def test_every_sample_has_a_score_and_classes_whatever_its_neighbours_in_the_batch(name, length):
    network = networks()[name].eval()
    channels = torch.randn(3, length, 36)
    together = network(channels)
    assert together[0].shape == (3, length) and together[1].shape == (3, length, 5)
    assert bool(((together[0] > 0) & (together[0] < 1)).all())
    for number in range(3):
        for both, alone in zip(together, network(channels[number : number + 1]), strict=True):
            torch.testing.assert_close(both[number], alone[0], rtol=1e-4, atol=1e-5)


def test_the_published_size_of_boosting_vrme():
    assert sum(parameter.numel() for parameter in BoostingVrme(36, 5).parameters()) == pytest.approx(8.37e6, rel=0.01)


@pytest.mark.parametrize("name", [name for name in networks() if name != "meldae"])
def test_every_weight_is_trained(name):
    network = networks()[name]
    score, classes = network(torch.randn(2, 12, 36))
    (score.sum() + classes.square().sum()).backward()
    assert [key for key, weight in network.named_parameters() if weight.grad is None] == []


def test_padding_of_a_video_changes_nothing():
    network = networks()["pesformer"].eval()
    video = torch.randn(1, 10, 36)
    padded = torch.cat([video, torch.randn(1, 6, 36)], 1)
    real = torch.arange(16)[None] < 10
    for short, long in zip(network(video), network(padded, real), strict=True):
        torch.testing.assert_close(long[:, :10], short, rtol=1e-4, atol=1e-5)


def test_positions_are_those_of_the_transformer():
    assert positions(3, 4)[2].tolist() == pytest.approx([0.9093, -0.4161, 0.02, 0.9998], abs=1e-4)


def test_a_graph_decides_which_nodes_are_mixed():
    torch.manual_seed(0)
    alone = CausalEx(torch.eye(12).expand(2, 12, 12)).eval()
    assert alone(torch.randn(2, 20, 12, 2)).shape == (2, 20, 10)
    nodes = torch.randn(1, 5, 12, 2)
    linked = CausalEx(torch.eye(12).roll(1, 0).expand(2, 12, 12)).eval()
    linked.load_state_dict({**alone.state_dict(), "graphs": linked.graphs})
    # A graph that moves every node on by two is the other network on nodes that were moved.
    torch.testing.assert_close(linked(nodes), _moved(alone, nodes))
    assert not torch.allclose(linked(nodes), alone(nodes))


def _moved(network, nodes):
    """Return the output of a network of which the second half of the graph work sees nodes moved by two."""
    width = network.first.out_features
    hidden = torch.relu(network.norm(network.first(nodes).flatten(0, 2)).view(1, 5, 12, width))
    hidden = network.second(hidden.roll(2, 2))
    return network.head(network.time(hidden.reshape(1, 5, -1).transpose(1, 2))).transpose(1, 2)


def test_a_row_without_neighbours_stays_without():
    assert CausalEx(torch.zeros(2, 12, 12)).graphs.abs().sum() == 0
    assert CausalEx(torch.ones(2, 12, 12)).graphs.sum(-1).allclose(torch.ones(2, 12))


def test_losses_of_boundaries_against_hand_counts():
    coded = torch.tensor([[2.0, 6.0], [4.0, 4.0]])
    assert interval_loss(coded, coded, boundary=1.0).tolist() == [0.0, 0.0]
    off = torch.tensor([[4.0, 6.0], [4.0, 0.0]])
    assert interval_loss(off, coded, boundary=0.0).tolist() == pytest.approx([0.2, 0.5])
    assert interval_loss(off, coded, boundary=2.0).tolist() == pytest.approx([0.2 + 2 * 2 / 8, 0.5 + 2 * 4 / 8])
    inside = torch.tensor([[0, 0, 0, 1, 1, 1, 0, 0, 0, 0]]).bool()
    assert boundary_weights(inside, boundary=3.0, reach=1).tolist() == [[1, 1, 4, 4, 1, 4, 4, 1, 1, 1]]
    assert boundary_weights(inside, boundary=3.0, reach=2).tolist() == [[1, 4, 4, 4, 4, 4, 4, 4, 1, 1]]
    assert boundary_weights(inside, boundary=0.0, reach=2).unique().tolist() == [1]

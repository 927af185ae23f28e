import torch

from mevqa.recognition.child.edge_convolution import DynamicGraph, EdgeConvolution, nearest


def test_the_nearest_points_are_those_of_a_search_by_hand_and_none_is_its_own():
    points = torch.randn(2, 3, 7, generator=torch.Generator().manual_seed(0))
    neighbours = nearest(points, 3)
    for row in range(2):
        for place in range(7):
            distance = (points[row] - points[row][:, place : place + 1]).norm(dim=0)
            distance[place] = torch.inf
            assert set(neighbours[row, place].tolist()) == set(distance.argsort()[:3].tolist())


def test_an_edge_convolution_is_the_maximum_over_the_edges():
    layer = EdgeConvolution(2, 4, 2).eval()
    points = torch.randn(1, 2, 5, generator=torch.Generator().manual_seed(1))
    near = nearest(points, 2)
    for place in range(5):
        own = points[0, :, place]
        edges = torch.stack([torch.cat([own, points[0, :, other] - own]) for other in near[0, place]])
        expected = layer.edge(edges.T.view(1, 4, 2, 1)).amax(2)[0, :, 0]
        assert torch.allclose(layer(points)[0, :, place], expected, atol=1e-6)


def test_the_order_of_the_points_does_not_matter():
    network = DynamicGraph(5, (8, 16), 4).eval()
    points = torch.randn(3, 5, 19, generator=torch.Generator().manual_seed(2))
    assert network(points).shape == (3, network.features) == (3, 48)
    order = torch.randperm(19, generator=torch.Generator().manual_seed(3))
    assert torch.allclose(network(points), network(points[..., order]), atol=1e-5)

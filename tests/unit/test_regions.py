"""Regions: booleans add up, margins of spheres are spheres, bodies of any number and place."""

from __future__ import annotations

import numpy as np
import pytest

from rtplan.geometry import Fineness, Region, parse_expression, stack_contours
from rtplan.geometry.booleans import differences
from rtplan.geometry.layout import CAUSE_CAPS, lay_out
from rtplan.geometry.regions import CELLS
from rtplan.model import Contour
from sample_data.solids import Ellipsoid, Tube, Union, sphere


def volume_cc(region, *, coarsest_mm=2.0, rule="auto", between="shape"):
    layouts = lay_out(region, Fineness(coarsest_mm), between=between, caps=rule, alternatives=False)
    return sum(layout.volume_mm3 for layout in layouts) / 1000


def expressed(text, spacing_mm=2.0, **stacks):
    return Region(parse_expression(text), stacks, spacing_mm)


@pytest.mark.parametrize(("first", "second"), [
    (sphere((0, 0, 0), 12), sphere((9, 3, 4), 10)),
    (Ellipsoid((0, 0, 0), (15, 9, 12)), sphere((0, 0, 0), 6)),
    (sphere((-10, 0, 0), 8), sphere((10, 0, 0), 8)),
    (Tube((0, 0), (10, 10), -15, 15), sphere((8, 0, 5), 9)),
])  # fmt: skip
@pytest.mark.parametrize("spacing_mm", [1.5, 3.0])
def test_union_and_intersection_add_up_to_the_parts(stack_of, first, second, spacing_mm):
    stacks = {"A": stack_of(first, spacing_mm), "B": stack_of(second, spacing_mm, phase=0.3)}
    found = {
        text: volume_cc(expressed(text, spacing_mm, **stacks))
        for text in ("A", "B", "A | B", "A & B", "A - B", "B - A")
    }
    assert found["A"] == pytest.approx(first.volume_cc, rel=0.01)
    both = found["A | B"] + found["A & B"]
    assert both == pytest.approx(first.volume_cc + second.volume_cc, rel=0.01)
    assert found["A - B"] + found["A & B"] == pytest.approx(first.volume_cc, rel=0.015)
    assert found["A - B"] + found["B - A"] + found["A & B"] == pytest.approx(found["A | B"], rel=1e-6)


def test_two_balls_overlap_in_a_lens(stack_of):
    radius, apart = 12.0, 10.0
    stacks = {"A": stack_of(sphere((0, 0, 0), radius), 2.0), "B": stack_of(sphere((apart, 0, 0), radius), 2.0)}
    lens_mm3 = np.pi * (4 * radius + apart) * (2 * radius - apart) ** 2 / 12
    assert volume_cc(expressed("A & B", **stacks), coarsest_mm=1.0) == pytest.approx(lens_mm3 / 1000, rel=0.01)


def test_nothing_is_left_of_a_structure_less_itself(stack_of):
    ball = stack_of(sphere((0, 0, 0), 9), 2.0)
    assert volume_cc(expressed("A - B", A=ball, B=ball)) == 0
    assert volume_cc(expressed("A & B", A=ball, B=ball)) == pytest.approx(volume_cc(expressed("A | B", A=ball, B=ball)))


@pytest.mark.parametrize("between", ["shape", "slab"])
def test_an_expression_of_one_name_is_about_the_plain_structure(stack_of, between):
    ball = stack_of(sphere((0.2, 0.7, -0.1), 9), 2.0)
    plain = volume_cc(Region.of(ball), between=between)
    assert volume_cc(expressed("A | A", A=ball), between=between) == pytest.approx(plain, rel=0.015)


@pytest.mark.parametrize(("radius", "spacing_mm", "margin_mm"), [
    (8, 1, 3), (8, 2, -2), (8, 2, 5), (8, 3, 10), (12, 2, 5), (12, 3, 10), (20, 1, 3), (20, 3, -5), (5, 2, 3), (5, 1, 5),
])  # fmt: skip
def test_a_sphere_with_a_margin_is_a_sphere(stack_of, radius, spacing_mm, margin_mm):
    ball = stack_of(sphere((0.3, 0.2, 0.1), radius), spacing_mm)
    sign = "+" if margin_mm > 0 else "-"
    found = volume_cc(expressed(f"A {sign} {abs(margin_mm)} mm", spacing_mm, A=ball))
    grown = (3000 * found / (4 * np.pi)) ** (1 / 3)
    # The margin's own promise: its rounding stays below a tenth of a millimetre.
    assert grown == pytest.approx(radius + margin_mm, abs=0.1)
    if radius + margin_mm > 6:
        assert found == pytest.approx(4 / 3000 * np.pi * (radius + margin_mm) ** 3, rel=0.0125)


def test_a_ring_around_a_sphere_is_a_shell(stack_of):
    ball = stack_of(sphere((0, 0, 0), 10), 2.0)
    shell = volume_cc(expressed("(A + 10 mm) - A", A=ball))
    assert shell == pytest.approx(4 / 3 * np.pi * (20**3 - 10**3) / 1000, rel=0.01)


def test_nothing_is_left_of_a_small_sphere_shrunk_away(stack_of):
    assert volume_cc(expressed("A - 8 mm", A=stack_of(sphere((0, 0, 0), 6), 2.0))) == 0


@pytest.mark.parametrize("apart", [(30, 0, 0), (0, 0, 30), (18, 18, 9)])
def test_two_balls_in_one_structure(region_of, apart):
    pair = Union((sphere((0, 0, 0), 8), sphere(apart, 6)))
    assert volume_cc(region_of(pair, 2.0)) == pytest.approx(pair.volume_cc, rel=0.01)


@pytest.mark.parametrize("spacing_mm", [1.0, 2.5, 3.0])
def test_a_single_plane_is_neither_nothing_nor_more_than_its_slab(spacing_mm):
    disc = Tube((0, 0), (6, 6), -1, 1).rings(0)[0]
    stack = stack_contours([Contour(np.column_stack([disc, np.zeros(len(disc))]))], spacing_mm=spacing_mm)
    slab_cc = np.pi * 36 * spacing_mm / 1000
    assert volume_cc(Region.of(stack), rule="half") == pytest.approx(slab_cc, rel=0.01)
    assert 0.6 * slab_cc < volume_cc(Region.of(stack)) <= slab_cc * 1.001


def test_a_single_plane_of_unknown_spacing_has_no_region():
    disc = Tube((0, 0), (6, 6), -1, 1).rings(0)[0]
    stack = stack_contours([Contour(np.column_stack([disc, np.zeros(len(disc))]))])
    with pytest.raises(ValueError, match="spacing"):
        Region.of(stack)
    assert Region.of(stack, spacing_mm=2).spacing_mm == 2


def test_cells_follow_the_size_of_the_body_and_never_pass_the_coarsest():
    fineness = Fineness(2.5)
    assert fineness.cell_mm(1e9) == 2.5
    assert fineness.cell_mm(1e-9) == 0.1
    assert fineness.cell_mm(CELLS * 0.5**3) == pytest.approx(0.5)


def test_the_ends_rules_order_the_volumes(region_of):
    region = region_of(Tube((0, 0), (7, 7), -10, 10), 2.0)
    none, short, half, auto, long = (volume_cc(region, rule=rule) for rule in ("none", "short", "half", "auto", "long"))
    assert auto == pytest.approx(half)
    assert none == short < half < long
    assert long - half == pytest.approx(half - none)
    assert half - none == pytest.approx(np.pi * 49 * 2 / 1000, rel=1e-3)


def test_vertices_belong_to_plain_structures_only(stack_of):
    ball = stack_of(sphere((0, 0, 0), 9), 2.0)
    assert len(Region.of(ball).vertices_mm) == 96 * len(ball.planes)
    assert len(expressed("A - B", A=ball, B=ball).vertices_mm) == 0


def test_alternatives_replace_heights_of_the_best_reading(region_of):
    """Each end may be short or long: the volumes are those of the rules, or between them for one of each."""
    region = region_of(sphere((0, 0, 0), 9), 3.0, phase=0.5)
    (layout,) = lay_out(region, Fineness(2.0))
    plain = {rule: volume_cc(region, rule=rule) for rule in ("short", "auto", "long")}
    assert layout.volume_mm3 / 1000 == pytest.approx(plain["auto"], rel=1e-9)
    areas = layout.coverage.sum(axis=(1, 2)) * layout.raster.cell_mm**2
    found = []
    for other in (item for item in layout.alternatives if item.cause == CAUSE_CAPS):
        assert other.coverage is None
        thickness = layout.thickness_mm.copy()
        thickness[other.at] = other.thickness_mm
        found.append(thickness @ areas / 1000)
    assert min(found) == pytest.approx(plain["short"], rel=1e-9)
    assert max(found) == pytest.approx(plain["long"], rel=1e-9)
    assert len(found) == 4


def test_heights_rise_and_every_layer_has_one(stack_of):
    ball = stack_of(sphere((0, 0, 0), 9), 2.0)
    for region in (
        Region.of(ball),
        expressed("A + 3 mm", A=ball),
        expressed("A | B", A=ball, B=stack_of(sphere((9, 0, 1), 5), 2.5)),
    ):
        for layout in lay_out(region, Fineness(2.0)):
            assert (np.diff(layout.heights_mm) >= 0).all()
            assert (np.diff(layout.heights_mm[layout.thickness_mm > 0]) > 0).all()
            assert layout.coverage.shape == (len(layout.heights_mm), layout.raster.rows, layout.raster.columns)
            assert layout.coverage.min() >= 0
            assert layout.coverage.max() <= 1
            assert layout.thickness_mm.min() >= 0


def test_slopes_at_the_rim_of_a_layer_are_one_sided():
    """A body that the dose grid cuts has cells there, and no neighbours beyond."""
    v, u = np.meshgrid(np.arange(4.0), np.arange(5.0), indexing="ij")
    plane = 3 * v + 2 * u
    across, along = differences(np.stack([plane, plane]), np.arange(40))
    assert across == pytest.approx(np.full(40, 3.0))
    assert along == pytest.approx(np.full(40, 2.0))

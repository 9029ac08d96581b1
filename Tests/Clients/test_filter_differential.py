"""Thousands of random filters find the rows that an evaluation in Python finds."""

import os
import random

import pytest

from support.filters import Generator, row
from test_filter import MODEL

# Filters on each database; PILLION_FILTERS and PILLION_SEED try more and others.
COUNT = int(os.environ.get("PILLION_FILTERS", 5000))
SEED = os.environ.get("PILLION_SEED", "1")
ROWS = 60


def json_of(item):
    """A row in protobuf's JSON mapping."""
    json = {"flag": item["flag"], "small": item["small"], "title": item["title"], "words": item["words"], "numbers": item["numbers"],
            "labels": [label["id"] for label in item["labels"]]}
    texts = {
        "moment": lambda v: v.isoformat().replace("+00:00", "Z"), "day": lambda v: v.isoformat(), "clock": lambda v: v.isoformat(),
        "span": lambda v: f"{v.total_seconds():.6f}s", "price": str, "code": str, "maker": lambda v: v["id"],
    }
    for name in ["maybe", "large", "count", "huge", "ratio", "single", "note", "moment", "day", "clock", "span", "price", "code", "data", "maker"]:
        if item[name] is not None:
            json[name] = {"value": texts.get(name, lambda v: v)(item[name])}
    return json


@pytest.fixture(scope="module")
def items(kind, start):
    with start(kind, catalog=MODEL) as running:
        seeded = random.Random(SEED)
        regions = [{"id": key, "name": name} for key, name in enumerate(["North", "South", "East"], 1)]
        for region in regions:
            running.service("RegionController").Create(json={"name": region["name"]})
        makers = [
            {"id": key, "name": seeded.choice(["x", "y", "z", None]), "rank": seeded.randrange(4), "region": seeded.choice([*regions, None])} for key in range(1, 6)]
        for maker in makers:
            running.service("MakerController").Create(json={
                "rank": maker["rank"], **({"name": {"value": maker["name"]}} if maker["name"] else {}),
                **({"region": {"value": maker["region"]["id"]}} if maker["region"] else {})})
        labels = [{"id": key, "word": seeded.choice(["x", "y", "z"]), "weight": seeded.choice([0, 1, 2, 3, None])} for key in range(1, 5)]
        for label in labels:
            running.service("LabelController").Create(json={
                "word": label["word"], **({"weight": {"value": label["weight"]}} if label["weight"] is not None else {})})
        rows = [row(seeded, makers, labels) for _ in range(ROWS)]
        for item in rows:
            running.service("ItemController").Create(json=json_of(item))
        yield running.service("ItemController"), rows


def test_filters_find_what_python_finds(items):
    service, rows = items
    generator = Generator(random.Random(f"filters {SEED}"))
    sizes = set()
    for number in range(COUNT):
        text, meaning = generator.filter()
        expected = [index for index, item in enumerate(rows, 1) if meaning(item)]
        found = [item.id for item in service.List(json={"filter": text, "orderBy": "id", "readMask": "id"})]
        assert found == expected, f"filter {number}: {text}\ndiffers at {sorted(set(found) ^ set(expected))}"
        sizes.add(len(found))
    assert len(sizes) > ROWS / 2, "most filters found all or nothing"

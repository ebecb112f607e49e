"""The OpenAPI document of the service, held against the service by generated requests."""

import pytest
import schemathesis
import schemathesis.specs.openapi.schemas  # here: else pytest parses it beside other threads
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from deployment.running import open_exported
from photo_bytes import photo
from service.app import create_app
from service.limits import Limits

OPERATIONS = ["POST /predict", "GET /health", "GET /health/live", "GET /metrics", "GET /about"]
EXAMPLES = 25  # of each operation and kind

# What a client that keeps to the document sends: the document cannot say what makes a photo.
schemathesis.openapi.format("binary", st.sampled_from([photo(1), photo(2)]))


@pytest.fixture(scope="module")
def app(exported_model):
    return create_app(open_exported(exported_model), Limits(), 1)


@pytest.fixture(scope="module")
def operations(app):
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    return {found.ok().label: found.ok() for found in schema.get_all_operations()}


def test_every_operation_is_held_against_the_document(operations):
    assert set(operations) == set(OPERATIONS)


@pytest.mark.parametrize(
    ("label", "mode"),
    [(label, GenerationMode.POSITIVE) for label in OPERATIONS]
    + [("POST /predict", GenerationMode.NEGATIVE)],  # the others take nothing that could be wrong
)
def test_what_is_documented_is_what_happens(operations, label, mode):
    statuses = set()

    @given(case=operations[label].as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def converse(case):
        statuses.add(case.call_and_validate().status_code)

    converse()
    assert (200 in statuses) is not mode.is_negative


def test_every_refusal_is_documented(app):
    told = app.openapi()["paths"]["/predict"]["post"]["responses"]
    assert set(told) == {"200", "400", "408", "413", "415", "422", "503", "504"}
    assert "HTTPValidationError" not in str(app.openapi())

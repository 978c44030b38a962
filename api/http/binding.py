"""What a route's function is called with: path, query, headers and body, checked as FastAPI describes them.

FastAPI reads the signatures, validates and documents; what it does beside that for every request (forms, dependencies,
models of answers) no route here uses, and it takes longer than a booking.
"""

from collections.abc import Mapping
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.dependencies.utils import request_params_to_args
from fastapi.exceptions import RequestValidationError
from fastapi.requests import Request

NOTHING = object()  # in place of a body that was not sent


class Binding:
    """Binds the requests of one route."""

    def __init__(self, dependant: Dependant) -> None:
        assert not dependant.dependencies
        assert not dependant.cookie_params
        assert len(dependant.body_params) <= 1
        self._request_name = dependant.request_param_name
        self._path, self._query, self._headers = dependant.path_params, dependant.query_params, dependant.header_params
        self._body = next(iter(dependant.body_params), None)
        self._header_names = frozenset(field.alias.lower().encode() for field in self._headers)
        self._no_headers = {field.name: field.get_default() for field in self._headers}
        assert not any(field.field_info.is_required() for field in self._headers)

    @property
    def takes_body(self) -> bool:
        """Answer whether a body is read."""
        return self._body is not None

    def bind(self, request: Request, document: Any) -> Mapping[str, Any]:
        """Return what the route's function is called with; RequestValidationError where a field does not do."""
        values: dict[str, Any] = {}
        wrong: list[Any] = []
        if self._path:
            _merge(request_params_to_args(self._path, request.path_params), values, wrong)
        if self._query:
            _merge(request_params_to_args(self._query, request.query_params), values, wrong)
        if any(name in self._header_names for name, _ in request.scope["headers"]):
            _merge(request_params_to_args(self._headers, request.headers), values, wrong)
        else:
            values |= self._no_headers
        if self._body is not None:
            self._read_body(document, values, wrong)
        if wrong:
            raise RequestValidationError(wrong)
        if self._request_name is not None:
            values[self._request_name] = request
        return values

    def _read_body(self, document: Any, values: dict[str, Any], wrong: list[Any]) -> None:
        assert self._body is not None
        if document is NOTHING:
            wrong.append({"type": "missing", "loc": ("body",), "msg": "Field required", "input": None})
            return
        value, errors = self._body.validate(document, values, loc=("body",))
        values[self._body.name] = value
        wrong += errors


def _merge(bound: tuple[dict[str, Any], list[Any]], values: dict[str, Any], wrong: list[Any]) -> None:
    values |= bound[0]
    wrong += bound[1]

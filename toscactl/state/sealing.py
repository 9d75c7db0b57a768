"""Secrets in a state: encrypted with a key that lies beside it, readable by its owner only."""

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from toscactl import values
from toscactl.errors import StateError
from toscactl.values import Call, Secret, Value

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

KEY_FILE = "key"


class Seal:
    """Encrypts and decrypts the secrets inside values. The key is made when first needed."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / KEY_FILE
        self._fernet: Fernet | None = None
        self._lock = threading.Lock()

    def encode(self, value: Value) -> object:
        """A value as JSON data in which no secret is in clear."""
        return values.to_json(_mapped(value, self._close))

    def decode(self, data: object) -> Value:
        """The value that `encode` wrote. Raises `ValueError`, or `StateError` without the key."""
        return _mapped(values.from_json(data), self._open)

    def _close(self, secret: Secret) -> Secret:
        text = _compact(values.to_json(secret.value))
        token = self._cipher(may_make=True).encrypt(text.encode())
        return Secret(token.decode())

    def _open(self, secret: Secret) -> Secret:
        import json

        from cryptography.fernet import InvalidToken

        if not isinstance(secret.value, str):
            raise ValueError("a secret that is not sealed")  # noqa: TRY004
        try:
            text = self._cipher(may_make=False).decrypt(secret.value.encode())
        except InvalidToken:
            raise StateError(
                f"the key in `{self._path}` does not fit the secrets of this state",
                hint="put the key back that was there when the state was written",
            ) from None
        return Secret(values.from_json(json.loads(text)))

    def _cipher(self, *, may_make: bool) -> "Fernet":
        from cryptography.fernet import Fernet

        with self._lock:
            if self._fernet is None:
                key = self._key(Fernet.generate_key if may_make else None)
                try:
                    self._fernet = Fernet(key)
                except ValueError:
                    raise StateError(f"`{self._path}` holds no key: it is damaged") from None
            return self._fernet

    def _key(self, make: Callable[[], bytes] | None) -> bytes:
        try:
            return self._path.read_bytes()
        except FileNotFoundError:
            if make is None:
                raise StateError(
                    f"the key `{self._path}` is missing, the secrets of this state cannot be read"
                ) from None
        except OSError as error:
            raise StateError(f"`{self._path}` cannot be read: {error.strerror}") from error
        return self._made(make())

    def _made(self, key: bytes) -> bytes:
        """Write a new key whole or not at all; if another process was first, its key counts."""
        draft = self._path.with_name(f".{KEY_FILE}-{os.getpid()}-{threading.get_ident()}")
        try:
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(key)
                    file.flush()
                    os.fsync(file.fileno())
                os.link(draft, self._path)
            finally:
                draft.unlink()
        except FileExistsError:
            return self._path.read_bytes()
        except OSError as error:
            raise StateError(f"`{self._path}` cannot be written: {error.strerror}") from error
        return key


def _mapped(value: Value, change: Callable[[Secret], Secret]) -> Value:
    """A value with every outermost secret changed."""
    match value:
        case Secret():
            return change(value)
        case Call(function=function, arguments=arguments):
            return Call(function, tuple(_mapped(item, change) for item in arguments))
        case str() | None | bool() | int() | float():
            return value
        case Mapping():
            return {key: _mapped(item, change) for key, item in value.items()}
        case Sequence():
            return tuple(_mapped(item, change) for item in value)
        case _:
            return value


def _compact(data: object) -> str:
    import json

    return json.dumps(data, separators=(",", ":"))

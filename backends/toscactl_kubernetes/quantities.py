"""Amounts as Kubernetes writes them."""

_GIB = 1 << 30
_UNITS = (
    (10**12, "T"), (1 << 40, "Ti"), (10**9, "G"), (_GIB, "Gi"), (10**6, "M"), (1 << 20, "Mi"),
    (10**3, "k"), (1 << 10, "Ki"),
)  # fmt: skip


def memory(amount: int) -> str:
    """An exact number of bytes in the largest unit that holds it as a whole number."""
    for size, unit in _UNITS:
        if amount and amount % size == 0:
            return f"{amount // size}{unit}"
    return str(amount)


def cpu(millis: int) -> str:
    """Thousandths of a CPU; whole CPUs as such."""
    return str(millis // 1000) if millis % 1000 == 0 else f"{millis}m"


def storage(amount: int) -> str:
    """Bytes of a volume, rounded up to whole GiB: what every storage class can provide."""
    return f"{max(1, -(-amount // _GIB))}Gi"

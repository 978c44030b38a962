"""A park day event by event, in exact order: the data that go in and come out, the kernel, the gate alone.

`model.md` is the formulation; what a word means here is said there.
"""

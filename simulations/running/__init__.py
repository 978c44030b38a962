"""A scenario's day run many times: decided by a policy, simulated by the kernel, measured, compared."""

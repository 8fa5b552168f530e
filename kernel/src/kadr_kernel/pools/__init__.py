"""One scheduler: threads for processors, for waiting and for the background; one memory budget."""

from kadr_kernel.pools.pool import PoolSize
from kadr_kernel.pools.scheduler import Scheduler, default_sizes
from kadr_kernel.pools.sizes import default_budget, usable_cpus, usable_memory

__all__ = ["PoolSize", "Scheduler", "default_budget", "default_sizes", "usable_cpus", "usable_memory"]

"""AdamW with one second moment a block."""

from numerics.adamw_depth_limit.adamw_variants import blockwise_adamw as blockwise_adamw

"""What `import jax` finds in a process that decodes images: nothing.

Grain imports jax wherever it can, which costs every such process 150 MB and a third of a second for no use.
`piece_reader` puts this folder in front of the module path of the processes that it starts.
"""

import logging

# Grain would warn, in every process, that it has no profiler now.
logging.getLogger("absl").setLevel(logging.ERROR)
raise ImportError("A process that decodes images does without jax.")

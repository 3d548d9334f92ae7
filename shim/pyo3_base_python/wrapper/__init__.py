"""Everything that ``$CARGO`` runs, and nothing else: this folder is copied into the store as it is.

Read ``main``, ``prepare`` and ``decide`` first: they are the story. What they ask for, in order: ``early`` (the
interpreter is started while the rest is loaded), ``command_line`` (what cargo is asked to do), ``real_cargo``,
``project``, ``cargo_config`` and ``build_script`` (what is built, and where to), ``interpreter`` with ``probe`` (which
Python), ``installed`` and ``editable`` (what is in its environment), ``plan`` with ``triples``, ``linking``,
``pyo3_config`` and ``stable_name`` (what to set), ``build_dir`` with ``occupied``, and ``sdist_place`` (where it is
compiled; ``out_dir`` may be against it), ``turns`` (one build after another), ``staleness`` with ``actions``,
``record``, ``today``, ``undeclared``, ``snapshot``, ``outside``, ``tree_scripts``, ``surroundings``, ``dep_info``,
``left_behind``, ``libraries`` and ``displaced`` (what must be compiled again), ``store``, ``calls`` (what is written
down for `stats`). At the edge are ``process``, ``report``, ``errors``, ``exit_codes``, ``files``, ``paths`` and
``names``; on Windows alone ``windows`` (what a process is there) and ``redirector`` (the stable name).

Two rules, which a test holds: the standard library only, and none of it that is slow to import. The whole wrapper costs
each call of cargo about 25 ms; ``tests/benchmarks/wrapper.py`` measures it.
"""

from __future__ import annotations

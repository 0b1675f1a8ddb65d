"""From a checked program to code that runs fast. One middle end, two backends:

core ──lowering──▶ routines: functions as data, no function inside another ──sequencing──▶ components, every call in its place
     ──python──▶ Python source        ──native──▶ LLVM

A component is a strongly connected part of the call graph. Inside it a call is a jump, and what still has to be done after a call
stands on a stack of our own, so neither backend uses the host's stack however deep a value is.
"""

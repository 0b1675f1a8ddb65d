"""Adapters: what makes a campaign's model of a folder, a module, a callable, an endpoint or a command."""

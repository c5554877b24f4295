# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a power cut could still take, replayed from the system calls of one run.

As POSIX has it, the content and the mode of a file are safe once the file was synced, and a name, or that it is gone, once its
folder was; before that they may reach the disk or not, in any order. A symbolic link is nothing but its name here."""

import os


def lies_below(path, top):
    return path.startswith(f"{top}/")


class Disk:
    def __init__(self, top):
        self.top = top
        self.files = set()  # files and folders below @top whose content or mode is not safe
        self.names = set()  # names that are there or gone, not safely so

    def unsafe(self, *tops):
        return sorted(path for path in self.files | self.names if any(lies_below(path, top) for top in tops))

    def do(self, call):
        if not call.works():
            return
        renamed, removed = call.renamed(), call.removed()
        if renamed:
            self.rename(*renamed, "RENAME_EXCHANGE" in call.arguments)
        for path in removed:
            self.forget(path)
        self.files.update(path for path in [*call.emptied(), *call.written()] if lies_below(path, self.top))
        self.names.update(path for path in [*call.made(), *removed, *renamed] if lies_below(path, self.top))
        self.sync(call)

    def rename(self, source, target, exchange):
        """What is not safe of a file goes with it to its new name."""
        moved = {path for path, was in ((target, source), (source, target)) if was in self.files and (exchange or was == source)}
        self.files = self.files - {source, target} | moved

    def forget(self, path):
        """With what is gone, all in it is gone."""
        self.files = {file for file in self.files if file != path and not lies_below(file, path)}
        self.names = {name for name in self.names if not lies_below(name, path)}

    def sync(self, call):
        if call.name == "syncfs":
            self.files.clear()
            self.names.clear()
        for synced in call.synced():
            self.files.discard(synced)
            self.names = {name for name in self.names if os.path.dirname(name) != synced}

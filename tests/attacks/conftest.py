# SPDX-License-Identifier: LGPL-2.1-or-later
from author import author  # noqa: F401
from bridged import bridge, make_bridge, new_bridge  # noqa: F401

# SPDX-License-Identifier: LGPL-2.1-or-later
# The message ids of the hive's own sentences, from the template that translators work from, as C string literals.
# What a phase is called is no sentence: a worker named Test keeps its name.
/^#: / { gsub (/src\/common\/phase-title\.c/, ""); if ($0 ~ / src\/(builder|bridge|commit|common|fetch|hived|sandbox|store)\//) ours = 1 }
/^msgid / { inside = ours; ours = 0; sub (/^msgid /, "") }
/^msgid_plural |^msgstr/ { if (inside) print ","; inside = 0 }
inside && /^"/

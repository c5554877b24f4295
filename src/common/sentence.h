/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The hive says its errors in English: on D-Bus, in logs, in records. A program that shows one to a person says it in
 * the person's language by this, with the values that stand in it; what it quotes, another sentence often, too. One
 * that is not known stays as it is. Free with g_free. */
char *sentence_translate (const char *sentence);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts of up to 1 MB (-max_len=1048576): what json_read() takes is what json-glib reads it as, and what it writes
 * again is the same. */
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "json-reader.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_memdup2 (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = json_read (text, size, &error);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (JsonNode) again = NULL;
  g_autofree char *written = NULL;

  g_assert_true ((node == NULL) == (error != NULL));
  if (!node)
    return 0;
  written = json_to_string (node, false);
  /* json-glib writes 1e20 as 1e+20.0, which is no JSON. */
  if (g_regex_match_simple ("[0-9]e[+-][0-9]+\\.0", written, 0, 0))
    return 0;
  again = json_read (written, strlen (written), NULL);
  g_assert_true (again && json_node_equal (node, again));
  g_assert_true (json_parser_load_from_data (parser, text, (gssize)size, NULL));
  return 0;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Elements of source arrays: what source_parse() takes stays in its folder, is not an option, and is fetched by one of
 * the schemes there are. */
#include <stdint.h>
#include <string.h>

#include "error.h"
#include "source.h"

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
check_no_control (const char *text)
{
  for (; *text; text++)
    g_assert_true ((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static void
check_url (const Source *source)
{
  static const char *const schemes[] = { "http://", "https://", "ftp://", "git://", "svn://", "file://" };
  bool known = false;

  check_no_control (source->url);
  g_assert_null (strpbrk (source->url, " \\\""));
  for (size_t i = 0; i < G_N_ELEMENTS (schemes); i++)
    known = known || g_str_has_prefix (source->url, schemes[i]);
  g_assert_true (known);
  g_assert_true (source->kind != SOURCE_DOWNLOAD || !g_str_has_prefix (source->url, "file://"));
}

static void
check_source (const Source *source)
{
  g_assert_true (*source->name && *source->name != '-' && !strchr (source->name, '/'));
  g_assert_false (g_str_equal (source->name, ".") || g_str_equal (source->name, ".."));
  g_assert_false (g_str_equal (source->name, "PKGBUILD") || g_str_equal (source->name, "src") ||
                  g_str_equal (source->name, "pkg"));
  check_no_control (source->name);
  g_assert_true ((source->kind == SOURCE_LOCAL) == (source->url == NULL));
  g_assert_true ((source->ref_kind == NULL) == (source->ref == NULL));
  g_assert_true (!source->ref_kind || source_is_repository (source));
  if (source_is_repository (source))
    {
      g_autofree char *description = source_describe (source);

      g_assert_true (description && *description);
    }
  if (source->ref)
    {
      check_no_control (source->ref);
      g_assert_true (*source->ref && *source->ref != '-');
    }
  if (source->url)
    {
      check_url (source);
      source_is_private (source);
      source_is_local_repository (source);
    }
  source_is_signature (source);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *)data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (Source) source = source_parse (text, &error);

  g_assert_true ((source == NULL) == (error != NULL));
  if (source)
    check_source (source);
  else
    g_assert_true (error->code == HIVE_ERROR_RECIPE_INVALID && g_utf8_validate (error->message, -1, NULL));
  return 0;
}

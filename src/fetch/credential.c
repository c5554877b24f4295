/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "credential.h"

#include <string.h>

#include "file.h"

#define CREDENTIAL_MAX 4096

char *
credential_read (const char *name, const char *source)
{
  const char *folder = g_getenv ("CREDENTIALS_DIRECTORY");
  g_autofree char *given = folder ? g_build_filename (folder, name, NULL) : NULL;
  const char *path = given && g_file_test (given, G_FILE_TEST_EXISTS) ? given : *source == '/' ? source : NULL;
  char *text = path ? file_read (path, CREDENTIAL_MAX, NULL, NULL) : NULL;

  return text ? g_strstrip (text) : NULL;
}

bool
credential_is_token (const char *text)
{
  return *text && strspn (text, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "-._~+/=") == strlen (text);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "distribution.h"

#include <string.h>

#include "file.h"

#define TEXT_MAX (64 * 1024)

static const struct
{
  const char *name, *command;
} distributions[] = {
  [DISTRIBUTION_OTHER] = { NULL, NULL },
  [DISTRIBUTION_ARCH] = { "arch", "sudo pacman -S --needed" },
  [DISTRIBUTION_DEBIAN] = { "debian", "sudo apt install" },
  [DISTRIBUTION_UBUNTU] = { "ubuntu", "sudo apt install" },
  [DISTRIBUTION_FEDORA] = { "fedora", "sudo dnf install" },
  [DISTRIBUTION_SUSE] = { "suse", "sudo zypper install" },
};

/* What distributions call themselves, where it isn't a family's own name. */
static const struct
{
  const char *id;
  Distribution distribution;
} distribution_ids[] = {
  { "archlinux", DISTRIBUTION_ARCH },     { "opensuse", DISTRIBUTION_SUSE },
  { "opensuse-leap", DISTRIBUTION_SUSE }, { "opensuse-tumbleweed", DISTRIBUTION_SUSE },
  { "rhel", DISTRIBUTION_FEDORA },        { "centos", DISTRIBUTION_FEDORA },
};

static Distribution
distribution_find (const char *id)
{
  for (size_t i = 1; i < G_N_ELEMENTS (distributions); i++)
    if (g_str_equal (id, distributions[i].name))
      return (Distribution)i;
  for (size_t i = 0; i < G_N_ELEMENTS (distribution_ids); i++)
    if (g_str_equal (id, distribution_ids[i].id))
      return distribution_ids[i].distribution;
  return DISTRIBUTION_OTHER;
}

/* The words of NAME=VALUE: of a value with quotes or without. */
static char **
os_release_words (const char *text, const char *name)
{
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autofree char *start = g_strconcat (name, "=", NULL);

  for (char **line = lines; *line; line++)
    if (g_str_has_prefix (*line, start))
      {
        g_autofree char *value = g_shell_unquote (*line + strlen (start), NULL);

        if (value)
          return g_strsplit (value, " ", -1);
      }
  return g_new0 (char *, 1);
}

Distribution
distribution_parse (const char *os_release)
{
  static const char *const names[] = { "ID", "ID_LIKE" };

  for (size_t i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_auto (GStrv) words = os_release_words (os_release, names[i]);

      for (char **word = words; *word; word++)
        if (distribution_find (*word) != DISTRIBUTION_OTHER)
          return distribution_find (*word);
    }
  return DISTRIBUTION_OTHER;
}

Distribution
distribution_here (void)
{
  g_autofree char *text = file_read ("/etc/os-release", TEXT_MAX, NULL, NULL);

  if (!text)
    text = file_read ("/usr/lib/os-release", TEXT_MAX, NULL, NULL);
  return text ? distribution_parse (text) : DISTRIBUTION_OTHER;
}

const char *
distribution_name (Distribution distribution)
{
  return distributions[distribution].name;
}

char *
distribution_install_command (Distribution distribution, char *const *packages)
{
  const char *command = distributions[distribution].command;
  g_autofree char *list = g_strjoinv (" ", (char **)packages);

  return command && *list ? g_strconcat (command, " ", list, NULL) : NULL;
}

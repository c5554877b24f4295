/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "distribution.h"

/* What the os-release files of these say, as far as it matters here. */
static const struct
{
  const char *os_release;
  Distribution distribution;
} recorded[] = {
  { "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\nID=debian\n",
    DISTRIBUTION_DEBIAN },
  { "PRETTY_NAME=\"Ubuntu 24.04.1 LTS\"\nNAME=\"Ubuntu\"\nVERSION_ID=\"24.04\"\nID=ubuntu\nID_LIKE=debian\n",
    DISTRIBUTION_UBUNTU },
  { "NAME=\"Linux Mint\"\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", DISTRIBUTION_UBUNTU },
  { "NAME=\"Fedora Linux\"\nVERSION_ID=41\nID=fedora\n", DISTRIBUTION_FEDORA },
  { "NAME=\"Red Hat Enterprise Linux\"\nID=\"rhel\"\nID_LIKE=\"fedora\"\n", DISTRIBUTION_FEDORA },
  { "NAME=\"Rocky Linux\"\nID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", DISTRIBUTION_FEDORA },
  { "NAME=\"Arch Linux\"\nID=arch\nBUILD_ID=rolling\n", DISTRIBUTION_ARCH },
  { "NAME=\"Manjaro Linux\"\nID=manjaro\nID_LIKE=arch\n", DISTRIBUTION_ARCH },
  { "NAME=\"openSUSE Tumbleweed\"\nID=\"opensuse-tumbleweed\"\nID_LIKE=\"opensuse suse\"\n", DISTRIBUTION_SUSE },
  { "NAME=\"SLES\"\nID=\"sles\"\nID_LIKE=\"suse\"\n", DISTRIBUTION_SUSE },
  { "NAME=\"Alpine Linux\"\nID=alpine\n", DISTRIBUTION_OTHER },
  { "# nothing\nID='unclosed\nID_LIKE=\n", DISTRIBUTION_OTHER },
  { "", DISTRIBUTION_OTHER },
};

static void
test_family_is_told_by_os_release (void)
{
  for (size_t i = 0; i < G_N_ELEMENTS (recorded); i++)
    {
      g_test_message ("case %zu", i);
      g_assert_cmpint (distribution_parse (recorded[i].os_release), ==, recorded[i].distribution);
    }
}

static void
test_command_is_the_familys (void)
{
  static const struct
  {
    Distribution distribution;
    const char *command;
  } commands[] = {
    { DISTRIBUTION_DEBIAN, "sudo apt install a b" },      { DISTRIBUTION_UBUNTU, "sudo apt install a b" },
    { DISTRIBUTION_FEDORA, "sudo dnf install a b" },      { DISTRIBUTION_SUSE, "sudo zypper install a b" },
    { DISTRIBUTION_ARCH, "sudo pacman -S --needed a b" }, { DISTRIBUTION_OTHER, NULL },
  };
  char *packages[] = { (char *)"a", (char *)"b", NULL };

  for (size_t i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autofree char *command = distribution_install_command (commands[i].distribution, packages);

      g_assert_cmpstr (command, ==, commands[i].command);
      g_assert_null (distribution_install_command (commands[i].distribution, packages + 2));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/distribution/family-is-told-by-os-release", test_family_is_told_by_os_release);
  g_test_add_func ("/distribution/command-is-the-familys", test_command_is_the_familys);
  return g_test_run ();
}

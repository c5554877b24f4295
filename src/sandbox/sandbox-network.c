/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <glib/gi18n.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "error.h"
#include "file.h"
#include "network.h"
#include "sandbox-private.h"

#define INSTALL_PASTA                                                                                                  \
  N_ ("Install the package passt (apt install passt, dnf install passt, pacman -S passt, zypper install passt)")
#define GIVE_TUN                                                                                                       \
  N_ ("Load its module (modprobe tun); in a container, give it the device (podman or docker run --device "             \
      "/dev/net/tun, systemd-nspawn --bind=/dev/net/tun --property=DeviceAllow=\"/dev/net/tun rw\")")

void
sandbox_allow_network (Sandbox *sandbox)
{
  sandbox->network = NETWORK_FILTERED;
  sandbox->network_holder = 0;
}

void
sandbox_join_network (Sandbox *sandbox, const NetworkHolder *holder)
{
  sandbox_allow_network (sandbox);
  sandbox->network_holder = network_holder_pid (holder);
}

const char *
sandbox_network_lack (void)
{
  g_autofree char *pasta = g_find_program_in_path ("pasta");

  if (!pasta)
    return N_ ("pasta is not installed. Install the package passt (apt install passt, dnf install passt, pacman -S "
               "passt, zypper install passt)");
  return access ("/dev/net/tun", R_OK | W_OK) < 0 ?
             N_ ("/dev/net/tun cannot be used. Load its module (modprobe tun); in a container, give it the device "
                 "(podman or docker run --device /dev/net/tun, systemd-nspawn --bind=/dev/net/tun "
                 "--property=DeviceAllow=\"/dev/net/tun rw\")") :
             NULL;
}

void
sandbox_allow_address (Sandbox *sandbox, const char *address)
{
  if (!g_ptr_array_find_with_equal_func (sandbox->allowed, address, g_str_equal, NULL))
    g_ptr_array_add (sandbox->allowed, g_strdup (address));
}

void
sandbox_share_network (Sandbox *sandbox)
{
  sandbox->network = NETWORK_SHARED;
}

static void
add_allowed (GStrvBuilder *command, const char *allowed)
{
  AddressRange range;
  bool is_address = g_str_equal (allowed, ADDRESS_ALL_PRIVATE) || address_range_parse (allowed, &range);
  g_autofree char *option =
      is_address ? g_strconcat ("--allow=", allowed, NULL) : g_strconcat ("--port=", strrchr (allowed, ':') + 1, NULL);

  g_strv_builder_add (command, option);
}

void
sandbox_network_add_command (const Sandbox *sandbox, GStrvBuilder *command)
{
  g_autofree char *program = g_build_filename (sandbox->configuration->libexec_directory, NETWORK_PROGRAM, NULL);
  g_autofree char *pasta = g_find_program_in_path ("pasta");
  g_autofree char *option = g_strconcat ("--pasta=", pasta, NULL);

  if (sandbox->network != NETWORK_FILTERED)
    return;
  g_strv_builder_add (command, program);
  if (sandbox->network_holder > 0)
    {
      g_autofree char *join = g_strdup_printf (NETWORK_JOIN "%d", (int)sandbox->network_holder);

      g_strv_builder_add (command, join);
      return;
    }
  if (pasta)
    g_strv_builder_add (command, option);
  for (char **allowed = sandbox->configuration->network_allow; *allowed; allowed++)
    add_allowed (command, *allowed);
  for (guint i = 0; i < sandbox->allowed->len; i++)
    add_allowed (command, sandbox->allowed->pdata[i]);
}

char *
sandbox_network_resolver (const char *resolver)
{
  g_auto (GStrv) lines = g_strsplit (resolver, "\n", -1);
  GString *text = g_string_new (NULL);
  bool four = false, six = false;

  for (char **line = lines; *line; line++)
    {
      const char *address = *line + strlen ("nameserver");

      if (!g_str_has_prefix (*line, "nameserver"))
        g_string_append_printf (text, "%s\n", *line);
      else if (strchr (address, ':'))
        six = true;
      else
        four = true;
    }
  /* pasta has one of each family. */
  if (four)
    g_string_append (text, "nameserver " NETWORK_DNS4 "\n");
  if (six)
    g_string_append (text, "nameserver " NETWORK_DNS6 "\n");
  return g_string_free (text, FALSE);
}

bool
sandbox_network_is_trouble (const char *said)
{
  return g_str_has_prefix (said, NETWORK_PREFIX);
}

void
sandbox_network_set_error (GError **error, const char *said, char **ret_hint)
{
  static const struct
  {
    const char *said, *hint;
  } troubles[] = {
    { "pasta: not installed", INSTALL_PASTA },
    { "/dev/net/tun", GIVE_TUN },
    { "user namespace",
      N_ ("Allow user namespaces, as bubblewrap needs them too; on Ubuntu load the profile that comes with rbee-hive: "
          "apparmor_parser -r /etc/apparmor.d/rbee-hive-bwrap") },
  };
  const char *why = said + strlen (NETWORK_PREFIX);
  const char *hint = "Try: pasta --config-net true";

  for (size_t i = 0; i < G_N_ELEMENTS (troubles); i++)
    if (strstr (why, troubles[i].said))
      {
        hint = troubles[i].hint;
        break;
      }
  if (ret_hint)
    *ret_hint = g_strdup (hint);
  g_set_error (error, HIVE_ERROR, HIVE_ERROR_SANDBOX_UNAVAILABLE,
               ret_hint ? N_ ("A network apart from this machine's own cannot be made: %s") :
                          N_ ("A network apart from this machine's own cannot be made: %s. %s"),
               why, hint);
}

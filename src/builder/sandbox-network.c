/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sandbox-private.h"

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "address.h"
#include "error.h"
#include "file.h"
#include "network.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define ARCHITECTURE AUDIT_ARCH_PPC64LE
#elif defined(__loongarch64)
#define ARCHITECTURE AUDIT_ARCH_LOONGARCH64
#else
#error "Say here how the kernel calls this architecture (linux/audit.h)"
#endif

#define FOREIGN_CALLS 0x40000000U /* where x86 has those of another one */

void
sandbox_allow_network (Sandbox *sandbox)
{
  sandbox->network = NETWORK_FILTERED;
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
sandbox_network_add_filter (Sandbox *sandbox, GPtrArray *options, GError **error)
{
  /* Connected pairs stay, which reach nobody else. Calls by io_uring are seen by no such filter, so there are none. */
  static const struct sock_filter program[] = {
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, arch)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, ARCHITECTURE, 0, 7),
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, nr)),
    BPF_JUMP (BPF_JMP | BPF_JGE | BPF_K, FOREIGN_CALLS, 5, 0),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, __NR_io_uring_setup, 4, 0),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, __NR_socket, 0, 2),
    BPF_STMT (BPF_LD | BPF_W | BPF_ABS, offsetof (struct seccomp_data, args)),
    BPF_JUMP (BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 2, 0),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
    BPF_STMT (BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
  };
  g_autofree char *number = NULL;
  int fd;

  if (sandbox->network != NETWORK_SHARED)
    return true;
  fd = file_memory ("filter", (const char *)program, sizeof program, error);
  if (fd < 0 || !(number = sandbox_pass (sandbox, fd, error)))
    return false;
  g_ptr_array_add (options, g_strdup ("--add-seccomp-fd"));
  g_ptr_array_add (options, g_steal_pointer (&number));
  return true;
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
    { "pasta: not installed",
      "Install the package passt (apt install passt, dnf install passt, pacman -S passt, zypper "
      "install passt)" },
    { "/dev/net/tun",
      "Load its module (modprobe tun); in a container, give it the device (podman or docker run --device "
      "/dev/net/tun, systemd-nspawn --bind=/dev/net/tun --property=DeviceAllow=\"/dev/net/tun rw\")" },
    { "user namespace",
      "Allow user namespaces, as bubblewrap needs them too; on Ubuntu load the profile that comes with "
      "rbee-hive: apparmor_parser -r /etc/apparmor.d/rbee-hive-bwrap" },
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
               ret_hint ? "A network apart from this machine's own cannot be made: %s" :
                          "A network apart from this machine's own cannot be made: %s. %s",
               why, hint);
}

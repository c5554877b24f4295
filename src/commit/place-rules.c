/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "place-rules.h"

#include <fnmatch.h>
#include <glib.h>
#include <glib/gi18n.h>
#include <string.h>

#define LIB "lib?(32|64|x32|exec)"

#define SHADOWS N_ ("it is run in the place of the real one by everything that looks for it in PATH")
#define SCRIPTS N_ ("scripts of the system run it, as root, when it is there")
#define IMPORTS N_ ("Python scripts beside it import it: their own folder comes first in sys.path")
#define LOADER  N_ ("the dynamic loader looks there for what any program needs, before or after the system's folders")
#define DESKTOP N_ ("the desktop of each user loads it at login, or when it looks for what is installed")
#define PROBED  N_ ("programs of others load every driver that is listed there")

#define AS_COMMAND N_ ("package() must install the program under a name of the worker's own")
#define WITH_RPATH N_ ("package() must put the library into %s/lib/%s, linked with -Wl,-rpath,%s/lib/%s")
#define IN_VENV                                                                                                        \
  N_ ("package() must put modules into an environment of the worker's own (python3 -m venv), in %s/lib/%s")
#define LEAVE_OUT N_ ("package() must leave it out")

/* po/meson.build has it among those who make sentences. */
#define REFUSED(pattern, reason, instead)                                                                              \
  {                                                                                                                    \
    PLACE_REFUSED, pattern, reason, instead                                                                            \
  }

/* In the order in which they are tried: the first that matches decides. The paths are those of the manuals named. */
static const PlaceRule rules[] = {
  /* bin. Before the names that are taken on this machine (place-check.c) those that are taken anywhere. */
  REFUSED ("bin/*.py*", IMPORTS, AS_COMMAND),
  REFUSED ("bin/*.so*", IMPORTS, WITH_RPATH),
  REFUSED ("bin/*.pth", IMPORTS, LEAVE_OUT),
  REFUSED ("bin/pyvenv.cfg", "a Python beside it takes its folders from it (site)", IN_VENV),
  REFUSED ("bin/package.json", "Node.js takes from it how to run the scripts beside it (node, packages)", NULL),
  REFUSED ("bin/python*([0-9.])?(-config)", SHADOWS, AS_COMMAND),
  REFUSED ("bin/pip*([0-9.])", SHADOWS, AS_COMMAND),
  REFUSED ("bin/perl*([0-9.])", SHADOWS, AS_COMMAND),
  REFUSED ("bin/ruby*([0-9.])", SHADOWS, AS_COMMAND),
  REFUSED ("bin/node", SHADOWS, AS_COMMAND),
  REFUSED ("bin/nodejs", SHADOWS, AS_COMMAND),
  REFUSED ("bin/npm", SHADOWS, AS_COMMAND),
  REFUSED ("bin/npx", SHADOWS, AS_COMMAND),
  REFUSED ("bin/?(ba|da|z|fi|k|c|tc|mk|a)sh", SHADOWS, AS_COMMAND),
  REFUSED ("bin/sudo*", SHADOWS, AS_COMMAND),
  REFUSED ("bin/doas", SHADOWS, AS_COMMAND),
  REFUSED ("bin/su", SHADOWS, AS_COMMAND),
  REFUSED ("bin/ssh?(-*)", SHADOWS, AS_COMMAND),
  REFUSED ("bin/git?(-*)", "git runs what is named git-NAME, for helpers too (git)", AS_COMMAND),
  REFUSED ("bin/apt?(-*)", SCRIPTS, AS_COMMAND),
  REFUSED ("bin/deb-*", SCRIPTS, AS_COMMAND),
  REFUSED ("bin/dnf*([0-9])", SCRIPTS, AS_COMMAND),
  REFUSED ("bin/dpkg?(-*)", SCRIPTS, AS_COMMAND),
  REFUSED ("bin/rpm?(-*|build|keys|db)", SCRIPTS, AS_COMMAND),
  REFUSED ("bin/pacman?(-*)", SCRIPTS, AS_COMMAND),
  REFUSED ("bin/systemd-*", SCRIPTS, AS_COMMAND),
  REFUSED ("bin/systemctl", SCRIPTS, AS_COMMAND),
  REFUSED ("bin/update-*", SCRIPTS, AS_COMMAND),
  REFUSED ("bin/invoke-rc.d", SCRIPTS, AS_COMMAND),
  REFUSED ("bin/ldconfig?(.real)", SCRIPTS, AS_COMMAND),
  REFUSED ("bin/glib-compile-schemas", SCRIPTS, AS_COMMAND),
  REFUSED ("bin/gtk*-update-icon-cache*", SCRIPTS, AS_COMMAND),
  REFUSED ("bin/*-query-loaders*", SCRIPTS, AS_COMMAND),
  REFUSED ("bin/lesspipe*", "less pipes each file through it (LESSOPEN)", AS_COMMAND),
  { PLACE_COMMAND, "bin/*", "a program that people run by a name which nothing else has", NULL },
  REFUSED ("sbin/**", "root's PATH has that folder, before all others",
           N_ ("package() must install programs to %s/bin")),
  REFUSED ("games/**", "users' PATH has that folder", N_ ("package() must install programs to %s/bin")),

  /* lib: systemd(1), systemd.generator(7), systemd.environment-generator(7), systemd.unit(5), file-hierarchy(7) */
  REFUSED ("lib/systemd/**",
           "systemd runs generators, units, presets and more that lie there, as root, at the next boot or reload",
           NULL),
  REFUSED ("lib/*.d/**",
           "systemd reads it: modules to load, kernel settings, files and users to make, environments (tmpfiles.d(5), "
           "sysusers.d(5), sysctl.d(5), modules-load.d(5), binfmt.d(5), environment.d(5))",
           LEAVE_OUT),
  REFUSED ("lib/udev/**", "udev runs what its rules there say, as root, when a device comes (udev(7))", LEAVE_OUT),
  REFUSED ("lib/kernel/**", "kernel-install runs its plugins as root at each kernel's update", LEAVE_OUT),
  REFUSED ("lib/modules/**", "the kernel's modules are loaded from there (modprobe(8))", LEAVE_OUT),
  REFUSED ("lib/firmware/**", "the kernel loads firmware from such a folder", LEAVE_OUT),
  REFUSED ("lib/extensions/**", "systemd-sysext merges it over /usr", LEAVE_OUT),
  REFUSED ("lib/confexts/**", "systemd-confext merges it over /etc", LEAVE_OUT),
  REFUSED ("lib/portables/**", "portablectl attaches its services", LEAVE_OUT),
  REFUSED ("lib/machines/**", "machinectl and systemd-nspawn find machines there", LEAVE_OUT),
  REFUSED ("lib/userdb/**", "the system takes users and groups from it (nss-systemd(8))", LEAVE_OUT),
  REFUSED ("lib/credstore?(.encrypted)/**", "systemd takes credentials from it", LEAVE_OUT),
  REFUSED ("lib/bash/**", "bash takes loadable builtins from it (enable -f)", NULL),

  /* lib: ld.so(8), nss(5), pam(8), iconv, and modules of libraries that every program may load */
  REFUSED (LIB "/*.so*", LOADER, WITH_RPATH),
  REFUSED (LIB "/*.a", "the linker of other people's builds takes it, before the system's", WITH_RPATH),
  REFUSED (LIB "/*.o", "the linker of other people's builds takes it", LEAVE_OUT),
  REFUSED (LIB "/*.la", "the linker of other people's builds takes it", LEAVE_OUT),
  REFUSED (LIB "/glibc-hwcaps/**", LOADER, WITH_RPATH),
  REFUSED (LIB "/tls/**", LOADER, WITH_RPATH),
  REFUSED (LIB "/haswell/**", LOADER, WITH_RPATH),
  REFUSED (LIB "/xeon_phi/**", LOADER, WITH_RPATH),
  REFUSED (LIB "/x86_64/**", LOADER, WITH_RPATH),
  REFUSED (LIB "/i[3-6]86/**", LOADER, WITH_RPATH),
  REFUSED (LIB "/aarch64/**", LOADER, WITH_RPATH),
  REFUSED (LIB "/atomics/**", LOADER, WITH_RPATH),
  REFUSED (LIB "/*-linux-gnu*/**", LOADER, WITH_RPATH),
  REFUSED (LIB "/security/**", "PAM loads modules from it into each login (pam(8))", LEAVE_OUT),
  REFUSED (LIB "/pam?(.d|_*)/**", "PAM loads modules from it into each login (pam(8))", LEAVE_OUT),
  REFUSED (LIB "/gconv/**", "iconv(3) loads converters from it into any program", LEAVE_OUT),
  REFUSED (LIB "/locale/**", "every program loads the locale that is set", LEAVE_OUT),
  REFUSED (LIB "/audit/**", LOADER, LEAVE_OUT),
  REFUSED (LIB "/engines?(-*)/**", "OpenSSL loads engines from it into any program", LEAVE_OUT),
  REFUSED (LIB "/ossl-modules/**", "OpenSSL loads providers from it into any program", LEAVE_OUT),
  REFUSED (LIB "/pkcs11/**", "p11-kit loads modules from it into any program", LEAVE_OUT),
  REFUSED (LIB "/sasl2/**", "SASL loads plugins from it into mail and directory servers", LEAVE_OUT),
  REFUSED (LIB "/krb5/**", "Kerberos loads plugins from it into any program", LEAVE_OUT),
  REFUSED (LIB "/dri/**", PROBED, LEAVE_OUT),
  REFUSED (LIB "/gbm/**", PROBED, LEAVE_OUT),
  REFUSED (LIB "/vdpau/**", PROBED, LEAVE_OUT),
  REFUSED (LIB "/alsa-lib/**", PROBED, LEAVE_OUT),
  REFUSED (LIB "/pulse?(-*|audio)/**", "the sound server of each user loads modules from it", LEAVE_OUT),
  REFUSED (LIB "/pipewire?(-*)/**", "the sound server of each user loads modules from it", LEAVE_OUT),
  REFUSED (LIB "/spa-*/**", "the sound server of each user loads modules from it", LEAVE_OUT),
  REFUSED (LIB "/gio/**", "GIO loads modules from it into any program", LEAVE_OUT),
  REFUSED (LIB "/gtk-*/**", "GTK loads modules from it into any program", LEAVE_OUT),
  REFUSED (LIB "/gdk-*/**", "GTK loads modules from it into any program", LEAVE_OUT),
  REFUSED (LIB "/girepository-*/**", "programs load bindings from it by name", LEAVE_OUT),
  REFUSED (LIB "/gstreamer-*/**", "GStreamer loads every plugin that lies there", LEAVE_OUT),
  REFUSED (LIB "/qt*([0-9])/**", "Qt loads plugins from it into any program", LEAVE_OUT),
  REFUSED (LIB "/ladspa/**", PROBED, LEAVE_OUT),
  REFUSED (LIB "/lv2/**", PROBED, LEAVE_OUT),
  REFUSED (LIB "/mozilla/**", "browsers load extensions and hosts from it", LEAVE_OUT),
  REFUSED (LIB "/nautilus/**", DESKTOP, LEAVE_OUT),
  REFUSED (LIB "/NetworkManager/**", "NetworkManager runs its dispatchers and plugins as root", LEAVE_OUT),
  REFUSED (LIB "/cups/**", "the printing system runs filters and backends from it", LEAVE_OUT),
  REFUSED (LIB "/sane/**", PROBED, LEAVE_OUT),
  REFUSED (LIB "/git-core/**", "git runs what lies there", LEAVE_OUT),
  REFUSED (LIB "/sudo/**", "sudo loads plugins from it as root", LEAVE_OUT),
  REFUSED (LIB "/dbus-*/**", "the message bus runs its helper from it", LEAVE_OUT),
  REFUSED (LIB "/polkit-*/**", "polkit runs its helper from it, as root", LEAVE_OUT),
  REFUSED (LIB "/sysimage/**", "package managers keep their databases there", LEAVE_OUT),
  REFUSED (LIB "/rpm/**", "rpm reads macros from it, which may run commands", LEAVE_OUT),
  REFUSED (LIB "/gcc?(-*)/**", "compilers load what lies there", LEAVE_OUT),
  REFUSED (LIB "/clang/**", "compilers load what lies there", LEAVE_OUT),
  REFUSED (LIB "/llvm?(-*([0-9.]))/**", "compilers load what lies there", LEAVE_OUT),
  REFUSED (LIB "/pkgconfig/**", "builds of other people take their flags from it (pkg-config(1))", LEAVE_OUT),
  REFUSED (LIB "/cmake/**", "builds of other people run what lies there (find_package())", LEAVE_OUT),

  /* lib: interpreters */
  REFUSED (LIB "/python*([0-9.])/**",
           "each Python on this machine imports what lies there, .pth files and sitecustomize at its start (site)",
           IN_VENV),
  REFUSED (LIB "/perl*([0-9.])?(-base)/**", "each Perl on this machine loads modules from it (@INC in perlrun(1))",
           NULL),
  REFUSED (LIB "/site_perl/**", "each Perl on this machine loads modules from it (@INC in perlrun(1))", NULL),
  REFUSED (LIB "/node?(js|_modules)/**", "each Node.js on this machine loads modules from it (require())", NULL),
  REFUSED (LIB "/ruby*([0-9.])/**", "each Ruby on this machine loads modules from it", NULL),
  REFUSED (LIB "/site_ruby/**", "each Ruby on this machine loads modules from it", NULL),
  REFUSED (LIB "/php*([0-9.])/**", "each PHP on this machine loads modules from it", NULL),
  REFUSED (LIB "/lua*([0-9.])/**", "each Lua on this machine loads modules from it", NULL),
  REFUSED (LIB "/tcl*([0-9.])/**", "each Tcl on this machine loads packages from it", NULL),
  REFUSED (LIB "/R/**", "each R on this machine loads packages from it (Rprofile.site)", NULL),
  REFUSED (LIB "/ocaml/**", "each OCaml on this machine loads libraries from it", NULL),
  REFUSED (LIB "/guile/**", "each Guile on this machine loads modules from it", NULL),
  REFUSED (LIB "/emacs/**", "Emacs loads site-start.el from it", NULL),
  REFUSED (LIB "/jvm?(-*)/**", "Java is looked for there", NULL),

  { PLACE_OWN, "lib/%n/**", "nothing looks into a folder of that name but the worker", NULL },
  { PLACE_OWN, "lib64/%n/**", "nothing looks into a folder of that name but the worker", NULL },
  { PLACE_OWN, "libexec/%n/**", "nothing looks into a folder of that name but the worker", NULL },

  /* share: what people read, and what is looked up by the name of a command that the package has */
  { PLACE_PASSIVE, "share/licenses/**", "read by people", NULL },
  { PLACE_PASSIVE, "share/doc/**", "read by people", NULL },
  { PLACE_NAMED, "share/man/man[1-9]/%c.*", "man(1) shows it for that command", NULL },
  { PLACE_NAMED, "share/man/man[1-9]/%c[-_]*", "man(1) shows it for a part of that command", NULL },
  { PLACE_NAMED, "share/man/*/man[1-9]/%c.*", "man(1) shows it for that command", NULL },
  { PLACE_NAMED, "share/man/*/man[1-9]/%c[-_]*", "man(1) shows it for a part of that command", NULL },
  { PLACE_NAMED, "man/man[1-9]/%c.*", "man(1) shows it for that command", NULL },
  { PLACE_NAMED, "man/man[1-9]/%c[-_]*", "man(1) shows it for a part of that command", NULL },
  { PLACE_NAMED, "man/*/man[1-9]/%c.*", "man(1) shows it for that command", NULL },
  { PLACE_NAMED, "man/*/man[1-9]/%c[-_]*", "man(1) shows it for a part of that command", NULL },
  REFUSED ("share/man/**", "it hides what man(1) shows for a command that is not the worker's",
           N_ ("package() must install pages of its own commands alone, as %s/share/man/man1/COMMAND.1")),
  REFUSED ("man/**", "it hides what man(1) shows for a command that is not the worker's",
           N_ ("package() must install pages of its own commands alone, as %s/share/man/man1/COMMAND.1")),
  { PLACE_NAMED, "share/bash-completion/completions/%c", "read when that command is completed (bash-completion)",
    NULL },
  { PLACE_NAMED, "share/bash-completion/completions/%c.bash", "read when that command is completed", NULL },
  { PLACE_NAMED, "share/fish/vendor_completions.d/%c.fish", "read when that command is completed (fish)", NULL },
  { PLACE_ZSH, "share/zsh/site-functions/_%c", "read when that command is completed (zshcompsys(1))", NULL },
  REFUSED ("share/bash-completion/**", "bash reads it when somebody completes a command that is not the worker's",
           N_ ("package() must name it for a command of its own, as %s/share/bash-completion/completions/COMMAND")),
  REFUSED ("share/fish/**", "fish reads it at its start, or for a command that is not the worker's",
           N_ ("package() must name it for a command of its own, as %s/share/fish/vendor_completions.d/COMMAND.fish")),
  REFUSED ("share/zsh/**", "zsh reads it at its start, or for a command that is not the worker's",
           N_ ("package() must name it for a command of its own, as %s/share/zsh/site-functions/_COMMAND")),
  { PLACE_DESKTOP, "share/applications/%c.desktop", "started by a click on it", NULL },
  { PLACE_DESKTOP, "share/applications/%n.desktop", "started by a click on it", NULL },
  { PLACE_DESKTOP, "share/applications/*.%n.desktop", "started by a click on it", NULL },
  { PLACE_DESKTOP, "share/applications/*.%c.desktop", "started by a click on it", NULL },
  REFUSED ("share/applications/**",
           "desktops take from it what opens the files and links of each user, or it stands in for another program",
           N_ ("package() must install an entry named for the worker alone, as %s/share/applications/%s.desktop")),
  { PLACE_NAMED, "share/icons/hicolor/*/apps/%c[.-]*", "a picture, shown for that program", NULL },
  { PLACE_NAMED, "share/icons/hicolor/*/apps/%n[.-]*", "a picture, shown for that program", NULL },
  { PLACE_NAMED, "share/icons/hicolor/*/apps/*.%n[.-]*", "a picture, shown for that program", NULL },
  { PLACE_NAMED, "share/pixmaps/%c.*", "a picture, shown for that program", NULL },
  { PLACE_NAMED, "share/pixmaps/%n.*", "a picture, shown for that program", NULL },
  REFUSED ("share/icons/**", "desktops show it in the place of another program's picture, or as a theme",
           N_ ("package() must install pictures of its own alone, as %s/share/icons/hicolor/scalable/apps/%s.svg")),
  REFUSED ("share/pixmaps/**", "desktops show it in the place of another program's picture",
           N_ ("package() must install pictures of its own alone, as %s/share/pixmaps/%s.png")),
  { PLACE_NAMED, "share/locale/*/LC_MESSAGES/%n.mo", "the worker's own words in another language", NULL },
  { PLACE_NAMED, "share/locale/*/LC_MESSAGES/%c.mo", "the worker's own words in another language", NULL },
  REFUSED ("share/locale/**", "programs show it as their own words (gettext)", NULL),

  /* share: dbus-daemon(1), polkit(8), the freedesktop specifications, and data that programs of others act on */
  REFUSED ("share/dbus-*/**",
           "the message bus starts the services that it names, those of the system as root and for any user who asks",
           NULL),
  REFUSED ("share/polkit-*/**", "polkit takes from it who may do what on this machine", LEAVE_OUT),
  REFUSED ("share/systemd/**", "systemd takes units of each user from it (systemd.unit(5))", NULL),
  REFUSED ("share/*.d/**", "the system reads it: files to make for each user, environments", LEAVE_OUT),
  REFUSED ("share/factory/**", "systemd-tmpfiles copies it to /etc and /var", LEAVE_OUT),
  REFUSED ("share/xdg?(-*)/**", DESKTOP, LEAVE_OUT),
  REFUSED ("share/autostart/**", DESKTOP, LEAVE_OUT),
  REFUSED ("share/gnome?(-*)/**", DESKTOP, LEAVE_OUT),
  REFUSED ("share/cinnamon?(-*)/**", DESKTOP, LEAVE_OUT),
  REFUSED ("share/mate?(-*)/**", DESKTOP, LEAVE_OUT),
  REFUSED ("share/xfce*([0-9])/**", DESKTOP, LEAVE_OUT),
  REFUSED ("share/kde*([0-9])/**", DESKTOP, LEAVE_OUT),
  REFUSED ("share/@(kservices|kservicetypes|knotifications|kxmlgui|kconf_update|kf|solid)*([0-9])/**", DESKTOP,
           LEAVE_OUT),
  REFUSED ("share/kio/**", DESKTOP, LEAVE_OUT),
  REFUSED ("share/kwin?(-*)/**", DESKTOP, LEAVE_OUT),
  REFUSED ("share/plasma?(look)/**", DESKTOP, LEAVE_OUT),
  REFUSED ("share/krunner/**", DESKTOP, LEAVE_OUT),
  REFUSED ("share/nautilus?(-*)/**", DESKTOP, LEAVE_OUT),
  REFUSED ("share/nemo?(-*)/**", DESKTOP, LEAVE_OUT),
  REFUSED ("share/thumbnailers/**", "file managers run thumbnailers on each file that they show", LEAVE_OUT),
  REFUSED ("share/desktop-directories/**", DESKTOP, LEAVE_OUT),
  REFUSED ("share/mime?(-info|lnk)/**", "desktops take from it what a file is, and so what opens it", LEAVE_OUT),
  REFUSED ("share/xsessions/**", "the login screen offers it to each user", LEAVE_OUT),
  REFUSED ("share/wayland-sessions/**", "the login screen offers it to each user", LEAVE_OUT),
  REFUSED ("share/glib-*/**", "settings of each user take defaults from it", LEAVE_OUT),
  REFUSED ("share/dconf/**", "settings of each user take defaults from it", LEAVE_OUT),
  REFUSED ("share/themes/**", DESKTOP, LEAVE_OUT),
  REFUSED ("share/fonts/**", "each program that shows text reads it (fontconfig)", LEAVE_OUT),
  REFUSED ("share/fontconfig/**", "each program that shows text reads it (fontconfig)", LEAVE_OUT),
  REFUSED ("share/X11/**", "the display server reads it", LEAVE_OUT),
  REFUSED ("share/vulkan/**", PROBED, LEAVE_OUT),
  REFUSED ("share/glvnd/**", PROBED, LEAVE_OUT),
  REFUSED ("share/egl/**", PROBED, LEAVE_OUT),
  REFUSED ("share/OpenCL/**", PROBED, LEAVE_OUT),
  REFUSED ("share/alsa/**", PROBED, LEAVE_OUT),
  REFUSED ("share/p11-kit/**", "programs take from it whom they trust", LEAVE_OUT),
  REFUSED ("share/pki/**", "programs take from it whom they trust", LEAVE_OUT),
  REFUSED ("share/ca-certificates/**", "update-ca-certificates makes the machine trust it", LEAVE_OUT),
  REFUSED ("share/accountsservice/**", DESKTOP, LEAVE_OUT),
  REFUSED ("share/metainfo/**", "software centres show it", LEAVE_OUT),
  REFUSED ("share/appdata/**", "software centres show it", LEAVE_OUT),
  REFUSED ("share/info/**", "it stands in for another program's manual", LEAVE_OUT),
  REFUSED ("share/perl*([0-9.])/**", "each Perl on this machine loads modules from it (@INC in perlrun(1))", NULL),
  REFUSED ("share/python*([0-9.])?(-wheels)/**", "each Python on this machine may import what lies there", IN_VENV),
  REFUSED ("share/node?(js|_modules)/**", "each Node.js on this machine loads modules from it (require())", NULL),
  REFUSED ("share/ruby*([0-9.])/**", "each Ruby on this machine loads modules from it", NULL),
  REFUSED ("share/php*([0-9.])/**", "each PHP on this machine loads modules from it", NULL),
  REFUSED ("share/lua*([0-9.])/**", "each Lua on this machine loads modules from it", NULL),
  REFUSED ("share/guile*([0-9.])/**", "each Guile on this machine loads modules from it", NULL),
  REFUSED ("share/emacs/**", "Emacs loads site-start.el from it", NULL),
  REFUSED ("share/vim?(files)/**", "Vim loads plugins from it", NULL),
  REFUSED ("share/nvim/**", "Neovim loads plugins from it", NULL),
  REFUSED ("share/gdb/**", "gdb runs what lies there for a program that it opens", LEAVE_OUT),
  REFUSED ("share/gcc?(-*)/**", "compilers load what lies there", LEAVE_OUT),
  REFUSED ("share/pkgconfig/**", "builds of other people take their flags from it (pkg-config(1))", LEAVE_OUT),
  REFUSED ("share/cmake?(-*)/**", "builds of other people run what lies there (find_package())", LEAVE_OUT),
  REFUSED ("share/aclocal?(-*)/**", "builds of other people run what lies there", LEAVE_OUT),
  REFUSED ("share/bug/**", "reportbug runs what lies there", LEAVE_OUT),
  REFUSED ("share/initramfs-tools/**", "it is run at boot, before anything else", LEAVE_OUT),
  REFUSED ("share/lintian/**", "builds of other people run what lies there", LEAVE_OUT),
  REFUSED ("share/apport/**", "crash reports run what lies there, as root", LEAVE_OUT),
  REFUSED ("share/misc/**", "programs look things up in it", LEAVE_OUT),

  { PLACE_OWN, "share/%n/**", "nothing looks into a folder of that name but the worker", NULL },

  /* The rest */
  REFUSED (
      "etc/**",
      "configuration there is read unasked: profile.d, cron.d, ld.so.conf.d, pam.d, xdg/autostart, bash_completion.d",
      NULL),
  REFUSED ("include/**", "compilers of other people read it before the system's headers", LEAVE_OUT),
  REFUSED ("node_modules/**", "each Node.js below that folder loads modules from it (require())", NULL),
  REFUSED ("package.json", "Node.js takes from it how to run scripts below that folder", LEAVE_OUT),
  REFUSED ("pyvenv.cfg", "a Python in bin takes its folders from it (site)", IN_VENV),

  /* A folder in /opt is for a package of that name. Those are not: they look like a prefix, or are of vendors whose
   * packages point the loader or PATH to them. */
  REFUSED ("/" LIB "/**", LOADER, NULL),
  REFUSED ("/share/**", "programs look there for what is shared", NULL),
  REFUSED ("/local/**", "it looks like a prefix of its own", NULL),
  REFUSED ("/usr/**", "it looks like a prefix of its own", NULL),
  REFUSED ("/var/**", "it looks like a prefix of its own", NULL),
  REFUSED ("/info/**", "it stands in for another program's manual", LEAVE_OUT),
  REFUSED ("/cuda?(-*)/**", "the loader and compilers look there for the CUDA toolkit", NULL),
  REFUSED ("/nvidia/**", "the loader and compilers look there for NVIDIA's software", NULL),
  REFUSED ("/rocm?(-*)/**", "the loader and compilers look there for ROCm", NULL),
  REFUSED ("/amdgpu?(-pro)/**", "the loader looks there for AMD's drivers", NULL),
  REFUSED ("/intel/**", "the loader and compilers look there for Intel's software", NULL),
  { PLACE_OWN, "/%n/**", "nothing looks into a folder of that name but the worker", NULL },
};

static const char *
component_end (const char *path)
{
  return path + strcspn (path, "/");
}

/* @tail: what follows the name in the pattern. */
static bool
component_has_name (const char *component, const char *head, const char *tail, char **names)
{
  size_t length = strlen (head);

  if (strchr (head, '*'))
    {
      /* "*.%n…": the name comes after the last dot that leaves one. */
      for (const char *dot = strchr (component, '.'); dot; dot = strchr (dot + 1, '.'))
        if (component_has_name (dot + 1, "", tail, names))
          return true;
      return false;
    }
  for (; strncmp (component, head, length) == 0 && *names; names++)
    if (**names && g_str_has_prefix (component + length, *names) &&
        fnmatch (tail, component + length + strlen (*names), FNM_EXTMATCH) == 0)
      return true;
  return false;
}

static bool
component_matches (const char *pattern, const char *component, const PlaceNames *names)
{
  const char *token = strchr (pattern, '%');
  g_autofree char *head = token ? g_strndup (pattern, token - pattern) : NULL;

  if (!token)
    return fnmatch (pattern, component, FNM_EXTMATCH) == 0;
  return component_has_name (component, head, token + 2, token[1] == 'n' ? names->names : names->commands);
}

typedef enum
{
  MATCHES_NOT,
  MATCHES,
  LEADS, /* the path ended before the pattern did */
} RuleMatch;

static RuleMatch
rule_match (const PlaceRule *rule, const char *path, const PlaceNames *names, bool foreign)
{
  const char *pattern = rule->pattern;

  if (*pattern == '/')
    {
      if (!foreign)
        return MATCHES_NOT;
      pattern++;
    }
  while (*pattern && *path && !g_str_equal (pattern, "**"))
    {
      g_autofree char *expected = g_strndup (pattern, component_end (pattern) - pattern);
      g_autofree char *found = g_strndup (path, component_end (path) - path);

      if (!component_matches (expected, found, names))
        return MATCHES_NOT;
      pattern = component_end (pattern);
      path = component_end (path);
      pattern += *pattern == '/';
      path += *path == '/';
    }
  if (g_str_equal (pattern, "**"))
    return MATCHES;
  return *pattern ? LEADS : *path ? MATCHES_NOT : MATCHES;
}

const PlaceRule *
place_rule_find (const char *path, const PlaceNames *names, bool foreign)
{
  for (size_t i = 0; i < G_N_ELEMENTS (rules); i++)
    if (rule_match (&rules[i], path, names, foreign) == MATCHES)
      return &rules[i];
  return NULL;
}

bool
place_rule_leads (const char *path, const PlaceNames *names, bool foreign)
{
  for (size_t i = 0; i < G_N_ELEMENTS (rules); i++)
    if (rules[i].kind != PLACE_REFUSED && rule_match (&rules[i], path, names, foreign) == LEADS)
      return true;
  return false;
}

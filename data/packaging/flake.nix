# SPDX-License-Identifier: LGPL-2.1-or-later
#
# Untried: see README.md beside this file. nix build 'git+file:.?dir=data/packaging'
{
  description = "Build and install AI workers on this machine";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-unstable";

  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" ];
      package = pkgs: pkgs.stdenv.mkDerivation {
        pname = "rbee-hive";
        version = "0.1.0";
        src = ../..;
        nativeBuildInputs = with pkgs; [ gettext meson ninja pkg-config ];
        buildInputs = with pkgs; [ curl elfutils glib json-glib libarchive libgcrypt libseccomp systemd ];
        mesonFlags = [ "-Dapparmor=disabled" "-Dtests=false" "-Dweb=disabled" "-Dwindow=disabled" "--sysconfdir=/etc" "--localstatedir=/var" ];
        # What belongs into /etc lies in the package: an installation as a derivation writes nowhere else.
        env.DESTDIR = placeholder "out";
        postInstall = ''
          mv $out$out/* $out
          rm -r $out/nix
        '';
        meta = {
          license = nixpkgs.lib.licenses.lgpl21Plus;
          platforms = systems;
          mainProgram = "hivectl";
        };
      };
    in
    {
      packages = nixpkgs.lib.genAttrs systems (system: { default = package nixpkgs.legacyPackages.${system}; });
    };
}

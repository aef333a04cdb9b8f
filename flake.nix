{
  description = "Facette, a radio interferometry imager";

  # flake.lock is not there yet: the first `nix develop` writes it.
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    rust-overlay = {
      url = "github:oxalica/rust-overlay";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs = { self, nixpkgs, rust-overlay }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" "x86_64-darwin" "aarch64-darwin" ];
      eachSystem = make: nixpkgs.lib.genAttrs systems (system:
        make (import nixpkgs { inherit system; overlays = [ (import rust-overlay) ]; }));

      # The one toolchain, rustfmt and clippy included: what rustup would install.
      toolchainOf = pkgs: pkgs.rust-bin.fromRustupToolchainFile ./rust-toolchain.toml;
    in
    {
      packages = eachSystem (pkgs:
        let
          toolchain = toolchainOf pkgs;
          rustPlatform = pkgs.makeRustPlatform { cargo = toolchain; rustc = toolchain; };
        in
        {
          default = rustPlatform.buildRustPackage {
            pname = "facette";
            version = (nixpkgs.lib.importTOML ./Cargo.toml).workspace.package.version;
            src = self;
            cargoLock.lockFile = ./Cargo.lock;
            # The vendored CFITSIO builds inside its source folder, which is read-only here: use the system's.
            buildNoDefaultFeatures = true;
            nativeBuildInputs = [ pkgs.pkg-config ];
            buildInputs = [ pkgs.cfitsio ];
            # cargo xtask ci runs the tests, with the data that they need.
            doCheck = false;
            meta = {
              description = "Images from radio interferometers";
              license = [ nixpkgs.lib.licenses.mit nixpkgs.lib.licenses.asl20 ];
              mainProgram = "facette";
            };
          };
        });

      devShells = eachSystem (pkgs: {
        default = pkgs.mkShell {
          packages = [
            (toolchainOf pkgs)
            # A C compiler comes with mkShell.
            pkgs.gnumake
            pkgs.pkg-config
            pkgs.cfitsio
            pkgs.cmake
            pkgs.git
            # Conveniences, and tools of later work: MPI, the Python binding, instruction counts.
            pkgs.cargo-nextest
            pkgs.cargo-deny
            pkgs.openmpi
            pkgs.python3
            pkgs.maturin
          ] ++ nixpkgs.lib.optionals pkgs.stdenv.isLinux [ pkgs.valgrind ];
        };
      });
    };
}

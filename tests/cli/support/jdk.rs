//! A JDK whose tools are imitated by its C library's program loader, a shell script: the program runs
//! every tool of the JDK by that loader.

use super::deb::{Deb, Package, Packing};
use super::maven::zip;

const VERSION: &str = "21.0.9+10-1";
const HOME: &str = "usr/lib/jvm/java-21-openjdk";

/// Imitates `ld.so --library-path DIRS PROGRAM ARGUMENT…` for the programs `jmod` and `jlink`. All
/// that could reach an image by mistake (the environment) is written into `lib/modules`.
const LOADER: &str = r#"#!/bin/sh
set -eu
environment=${JAVA_TOOL_OPTIONS-}${JDK_JAVA_OPTIONS-}${LANG-}${TZ-}
PATH=/usr/bin:/bin
tool=${3##*/}
shift 3
case $tool in
jmod)
  test "$1" = describe
  test -s "$2"
  echo "java.desktop@21"
  echo "exports java.awt"
  echo "qualified opens java.beans to nobody"
  ;;
jlink)
  options=
  excluded=
  while test $# -gt 0; do
    case $1 in
    --module-path) modules=$2; shift ;;
    --add-modules) names=$2; shift ;;
    --output) output=$2; shift ;;
    --exclude-resources=@*) excluded=$(cat "${1#*@}") ;;
    *) options="$options $1" ;;
    esac
    shift
  done
  mkdir "$output" "$output/bin" "$output/lib" "$output/lib/security" "$output/legal"
  printf '#!/bin/sh\necho java\n' > "$output/bin/java"
  chmod a+x "$output/bin/java"
  {
    printf '%s\n' "names $names"
    printf '%s\n' "options$options"
    printf '%s\n' "excluded $excluded"
    printf '%s\n' "environment $environment"
    cat "$modules/java.base.jmod"
  } > "$output/lib/modules"
  echo certificates > "$output/lib/security/cacerts"
  echo 'JAVA_VERSION="21.0.9"' > "$output/release"
  echo licence > "$output/legal/LICENSE"
  ln -s LICENSE "$output/legal/COPY"
  ;;
*)
  echo "no tool $tool" >&2
  exit 1
  ;;
esac
"#;

/// The program loader of `architecture`, to be part of its libc6: name and content.
pub(crate) fn loader(architecture: &str) -> (String, &'static [u8]) {
    let name = match architecture {
        "amd64" => "x86_64-linux-gnu/ld-linux-x86-64.so.2",
        _ => "aarch64-linux-gnu/ld-linux-aarch64.so.1",
    };
    (format!("usr/lib/{name}"), LOADER.as_bytes())
}

/// The package with `jmods/` and `bin/jlink`.
pub(crate) fn jdk(architecture: &'static str) -> Package {
    let home = format!("{HOME}-{architecture}");
    let mut desktop = b"JM\x01\x00".to_vec();
    desktop.extend(zip(&[
        ("classes/module-info.class", b"module"),
        ("classes/java/beans/Introspector.class", b"kept by pattern"),
        ("classes/java/awt/Frame.class", b"a large class of java.awt"),
        ("classes/java/awt/Point.class", b"a small class"),
        ("classes/sun/java2d/Disposer.class", b"large"),
        ("classes/sun/java2d/x.properties", b"small"),
        ("lib/libawt.so", b"native"),
    ]));
    Deb::new("openjdk-21-jdk-headless", VERSION, architecture)
        .field("Source", "openjdk-21")
        .field(
            "Depends",
            &format!("openjdk-21-jre-headless (= {VERSION}), libc6 (>= 2.38)"),
        )
        .packed(Packing::Gzip)
        .file(&format!("{home}/bin/jlink"), 0o755, b"run by the loader")
        .file(&format!("{home}/bin/jmod"), 0o755, b"run by the loader")
        .file(
            &format!("{home}/jmods/java.base.jmod"),
            0o644,
            &base_module(architecture),
        )
        .file(&format!("{home}/jmods/java.desktop.jmod"), 0o644, &desktop)
        .build()
}

/// Some blocks of a compressed layer long, so that several threads have something to do.
fn base_module(architecture: &str) -> Vec<u8> {
    let mut text = String::new();
    for number in 0..60_000_u32 {
        let mixed = number.wrapping_mul(2_654_435_761);
        text.push_str(&format!("java.base for {architecture}, {mixed:08x}\n"));
    }
    text.into_bytes()
}

/// The package that the tools run on.
pub(crate) fn jre(architecture: &'static str) -> Package {
    let home = format!("{HOME}-{architecture}");
    Deb::new("openjdk-21-jre-headless", VERSION, architecture)
        .field("Source", "openjdk-21")
        .field(
            "Depends",
            "ca-certificates-java, java-common, libc6 (>= 2.38), zlib1g (>= 1:1.1.4)",
        )
        .file(&format!("{home}/lib/modules"), 0o644, b"runtime")
        .link(
            &format!("{home}/lib/jvm.cfg"),
            "/etc/java-21-openjdk/jvm.cfg",
        )
        .file("etc/java-21-openjdk/jvm.cfg", 0o644, b"-server KNOWN\n")
        .build()
}

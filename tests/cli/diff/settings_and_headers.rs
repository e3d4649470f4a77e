//! Every setting of a config, every field of a header.

use super::*;

#[test]
fn every_setting_is_said_in_words() {
    let images = Images::build([("3.5.7", "full")]);
    images.rewrite("other", |image| {
        for platform in &mut image.platforms {
            platform.config["created"] = json!("2026-02-01T00:00:00Z");
            platform.config["author"] = json!("me\u{1b}[31m");
            let config = &mut platform.config["config"];
            config["Env"] = json!([
                "LANG=C.UTF-8",
                "JAVA_HOME=/usr/lib/jvm/java-21-openjdk",
                "TZ=UTC"
            ]);
            config["Cmd"] = json!(["zkServer.sh", "a word"]);
            config["User"] = json!("1000:1000");
            config["StopSignal"] = Value::Null;
            config["WorkingDir"] = json!("/srv");
            config["Labels"]["org.opencontainers.image.title"] = json!("");
            config["Labels"]["mine"] = json!("yes");
            config["Healthcheck"]["Interval"] = json!(90_000_000_000_u64);
            config["Healthcheck"]["Test"] = json!(["NONE"]);
            let ports = config["ExposedPorts"].as_object_mut().unwrap();
            ports.remove("8080/tcp");
            ports.insert("7000/tcp".to_owned(), json!({}));
            config["Volumes"].as_object_mut().unwrap().clear();
            config["Shell"] = json!({ "a": { "b": [1] } });
            platform.manifest["annotations"]["org.opencontainers.image.title"] = json!("X");
        }
        image.platforms[1].descriptor["platform"]["variant"] = json!("v9");
        image.platforms[1].config["variant"] = json!("v9");
        image.index["annotations"]["org.opencontainers.image.title"] = json!("Y");
    });

    let run = images.diff(OLD, "other");

    assert_data_eq!(
        shown(&run),
        str![[r#"
$ zookiln diff images/zookeeper-3.5.7 other
A  images/zookeeper-3.5.7  docker.io/example/zookeeper:3.5.7  sha256:…
B  other                   docker.io/example/zookeeper:3.5.7  sha256:…

version  3.5.7, the same
size     linux/amd64  …
         linux/arm64  …
same     base, java, zookeeper, shell, entrypoint

config
  environment, order                                         JAVA_HOME LANG → LANG JAVA_HOME
  author                                                     new, me/u{1b}[31m
  command                                                    zkServer.sh start-foreground → ["zkServer.sh","a word"]
  environment PATH                                           gone, /usr/local/zookeeper/bin:/usr/bin
  environment TZ                                             new, UTC
  port 7000/tcp                                              new
  port 8080/tcp                                              gone
  health check interval                                      10s → 1m 30s
  health check                                               CMD healthcheck --liveness → NONE
  label mine                                                 new, yes
  label org.opencontainers.image.title                       ZooKeeper → empty
  config.Shell.a.b                                           new, [1]
  stop signal                                                SIGTERM → null
  user                                                       0:0 → 1000:1000
  volume /srv/conf                                           gone
  volume /srv/data                                           gone
  volume /srv/datalog                                        gone
  volume /var/log                                            gone
  working directory                                          / → /srv
  created                                                    2026-01-01T00:00:00Z → 2026-02-01T00:00:00Z
  annotation org.opencontainers.image.title of the manifest  ZooKeeper → X
  annotation org.opencontainers.image.title of the index     ZooKeeper → Y
  index, linux/arm64 platform.variant                        v8 → v9
  linux/arm64 only
    variant  v8 → v9
[exit 1]

"#]]
    );
}

fn member<'a>(members: &'a mut [Member], path: &str) -> &'a mut Member {
    let mut members = members.iter_mut();
    members.find(|member| member.path == path).unwrap()
}

#[test]
fn every_header_field_is_said_of_its_file() {
    let images = Images::build([("3.5.7", "full")]);
    images.rewrite("other", |image| {
        image.edit_layer("base", |members| {
            member(members, "etc/passwd").header.set_mode(0o666);
            member(members, "etc/group").header.set_uid(7);
            member(members, "etc/nsswitch.conf")
                .header
                .set_mtime(1_700_000_000);
            member(members, "etc/os-release").link = Some("elsewhere".to_owned());
            let group = member(members, "tmp/");
            group
                .header
                .as_ustar_mut()
                .unwrap()
                .set_username("root")
                .unwrap();
            member(members, "usr/lib/os-release").content = b"ID=other\n".to_vec();
            let gnu = member(members, "usr/lib/libz.so.1.3.1");
            gnu.header.as_mut_bytes()[257..265].copy_from_slice(b"ustar  \0");
            members.retain(|member| member.path != "bin");
        });
        image.edit_layer("shell", |members| {
            let position = members
                .iter()
                .position(|member| member.path == "usr/bin/ls");
            let link = members.remove(position.unwrap());
            members.push(link);
        });
        image.edit_layer("entrypoint", |members| {
            let binary = member(members, "usr/local/zookeeper/bin/entrypoint");
            binary.header.set_mode(0o4755);
            let link = member(members, "usr/local/zookeeper/bin/healthcheck");
            link.link = None;
            link.header.as_old_mut().linkname = [0; 100];
            link.header.set_entry_type(tar::EntryType::Regular);
            link.header.set_mode(0o755);
            link.content = b"#!/bin/sh\n".to_vec();
        });
    });

    let run = images.diff(OLD, "other");

    assert_data_eq!(
        shown(&run),
        str![[r#"
$ zookiln diff images/zookeeper-3.5.7 other
A  images/zookeeper-3.5.7  docker.io/example/zookeeper:3.5.7  sha256:…
B  other                   docker.io/example/zookeeper:3.5.7  sha256:…

version    3.5.7, the same
size       linux/amd64  …
           linux/arm64  …
same       java, zookeeper
different  base        1.8 kB → 2.5 kB (+646 B), linux/amd64
                       1.8 kB → 2.5 kB (+630 B), linux/arm64
           shell       836 B → 1.1 kB (+303 B), linux/amd64
                       835 B → 1.1 kB (+304 B), linux/arm64
           entrypoint  [..] kB → [..] kB (+[..] kB), linux/amd64
                       [..] kB → [..] kB (+[..] kB), linux/arm64

layers
  base, entrypoint  gzip header: extra flags 0 → 4
  shell             gzip header: extra flags 0 → 4; entries in another order, from usr/bin/sh on

files
  base
    bin  gone, link to usr/bin
    tmp  name of the owner none → root:
    etc/
      group          owner 0:0 → 7:0
      nsswitch.conf  time 2026-01-01T00:00:00Z → 2023-11-14T22:13:20Z
      os-release     target ../usr/lib/os-release → elsewhere
      passwd         mode 0644 → 0666
    usr/lib/
      libz.so.1.3.1  format ustar → gnu
      os-release     content 26 B → 9 B (-17 B)
  entrypoint
    usr/local/zookeeper/bin/
      entrypoint   mode 0755 → 4755
      healthcheck  link → file, content 10 B, target gone, entrypoint, mode 0777 → 0755
[exit 1]

"#]]
    );
}

/// What differs alike for many entries is said once.
#[test]
fn another_time_of_all_entries_is_one_line() {
    let images = Images::build([("3.5.7", "full")]);
    images.rewrite("other", |image| {
        for layer in ["base", "zookeeper"] {
            image.edit_layer(layer, |members| {
                for member in members {
                    member.header.set_mtime(1_769_904_000);
                }
            });
        }
    });

    let run = images.diff(OLD, "other");

    assert_data_eq!(
        shown(&run),
        str![[r#"
$ zookiln diff images/zookeeper-3.5.7 other
A  images/zookeeper-3.5.7  docker.io/example/zookeeper:3.5.7  sha256:…
B  other                   docker.io/example/zookeeper:3.5.7  sha256:…

version    3.5.7, the same
size       linux/amd64  …
           linux/arm64  …
same       java, shell, entrypoint
different  base       1.8 kB → 2.4 kB (+615 B), linux/amd64
                      1.8 kB → 2.4 kB (+611 B), linux/arm64
           zookeeper  296 B → 353 B (+57 B)

layers
  base, zookeeper  gzip header: extra flags 0 → 4

files
  base
    42 entries: time 2026-01-01T00:00:00Z → 2026-02-01T00:00:00Z
      bin, dev, etc, … and 39 more (--all shows them)
  zookeeper
    7 entries: time 2026-01-01T00:00:00Z → 2026-02-01T00:00:00Z
      usr, usr/local, usr/local/zookeeper, … and 4 more (--all shows them)
[exit 1]

"#]]
    );
}

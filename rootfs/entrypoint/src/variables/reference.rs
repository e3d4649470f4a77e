//! The reference page of the variables, `docs/variables.md`, made from the table.

use std::fmt::Write;

use super::table::{Effect, Group, TABLE, Variable};

const HEAD: &str = "\
<!-- Made by `cargo run -p entrypoint --example variables > docs/variables.md`: edit the table in
     rootfs/entrypoint/src/variables/table.rs, not this page. -->

# Variables of the image · 镜像的环境变量

For every variable:

- An empty value is an unset one, and one layer of quotes around a value is stripped.
- `NAME_FILE` names a file that holds the value of `NAME`, and wins over it.
- Every value is validated before anything is written; all problems are printed, and the container exits with 1.
- A line of `zoo.cfg` is written only while the image itself makes that file: one that you bring along or edit wins.

对于所有变量：

- 空值等同于未设置；值两侧的一层引号会被去除。
- `NAME_FILE` 指定存储 `NAME` 值的文件，优先于 `NAME`。
- 写入任何文件之前会校验所有值；存在错误时，输出全部错误，容器以状态码 1 退出。
- 仅当 `zoo.cfg` 由镜像生成时，变量才会写入该文件；已有或编辑过的 `zoo.cfg` 优先。
";

const GROUPS: &[(Group, &str)] = &[
    (Group::Common, "Common · 常规配置参数"),
    (Group::Cluster, "Cluster · 集群配置参数"),
    (Group::Optional, "Directories, ports, logs · 可选配置参数"),
    (Group::Security, "Security · 安全"),
    (Group::Java, "Java"),
];

/// The whole page.
pub fn page() -> String {
    let mut page = HEAD.to_owned();
    for (group, title) in GROUPS {
        let _ = write!(page, "\n## {title}\n");
        for variable in TABLE.iter().filter(|variable| variable.group == *group) {
            section(&mut page, variable);
        }
    }
    page
}

fn section(page: &mut String, variable: &Variable) {
    let _ = write!(
        page,
        "\n### `{}`\n\n{}\n\n{}\n\n",
        variable.name, variable.english, variable.chinese
    );
    let default = match variable.default {
        None | Some("") => "none · 无".to_owned(),
        Some(default) => format!("`{default}`"),
    };
    let _ = writeln!(page, "- Default · 默认值: {default}");
    let _ = writeln!(
        page,
        "- Allowed · 取值: {} · {}",
        variable.kind.allowed(),
        variable.kind.allowed_chinese()
    );
    let _ = writeln!(page, "- Effect · 作用: {}", effect(variable.effect));
    if !variable.aliases.is_empty() {
        let _ = writeln!(
            page,
            "- Also called · 别名: `{}`",
            variable.aliases.join("`, `")
        );
    }
}

/// In both languages, but once where they say the same.
fn effect(effect: Effect) -> String {
    let (english, chinese) = match effect {
        Effect::Key(key) => (
            format!("`{key}` in `zoo.cfg`"),
            format!("`zoo.cfg` 中的 `{key}`"),
        ),
        Effect::KeySince(key, release) => (
            format!("`{key}` in `zoo.cfg`, from ZooKeeper {release} on"),
            format!("`zoo.cfg` 中的 `{key}`，自 ZooKeeper {release} 起"),
        ),
        Effect::Other(english, chinese) => (english.to_owned(), chinese.to_owned()),
    };
    if english == chinese {
        english
    } else {
        format!("{english} · {chinese}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_variable_is_in_a_chapter() {
        let page = page();
        for variable in TABLE {
            assert!(
                page.contains(&format!("\n### `{}`\n", variable.name)),
                "{}",
                variable.name
            );
        }
    }

    #[test]
    fn every_effect_is_said_in_both_languages() {
        for variable in TABLE {
            let effect = effect(variable.effect);
            // What is all code is the same in both.
            let words = effect.split('`').step_by(2);
            let is_code = words
                .clone()
                .all(|word| !word.contains(char::is_alphabetic));
            let is_chinese =
                |word: &str| word.contains(|letter| ('\u{4e00}'..'\u{9fff}').contains(&letter));
            assert!(
                is_code || words.clone().any(is_chinese),
                "{}: {effect}",
                variable.name
            );
        }
    }

    #[test]
    fn the_committed_page_is_current() {
        let committed = include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/variables.md"
        ));
        assert!(
            committed == page(),
            "run `cargo run -p entrypoint --example variables > docs/variables.md`"
        );
    }
}

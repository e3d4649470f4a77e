use super::*;
use proptest::prelude::*;

fn shown(text: &str) -> String {
    match ServerList::parse(text) {
        Ok(list) => list.to_string(),
        Err(problems) => problems
            .iter()
            .map(|problem| format!("! {problem}\n"))
            .collect(),
    }
}

#[test]
fn every_form_is_read() {
    for (text, expected) in [
        // What the documentation of the image prescribes.
        ("server.1=0.0.0.0:2888:3888", "server.1=0.0.0.0:2888:3888"),
        (
            "server.1=0.0.0.0:2888:3888 server.2=zoo2:4888:5888 server.3=zoo3:6888:7888",
            "server.1=0.0.0.0:2888:3888 server.2=zoo2:4888:5888 server.3=zoo3:6888:7888",
        ),
        (
            "server.2=192.168.0.1:2888:3888;2181",
            "server.2=192.168.0.1:2888:3888;2181",
        ),
        (
            "0.0.0.0:2888:3888;2181 zookeeper2:2888:3888;2181 zookeeper3:2888:3888;2181",
            "server.1=0.0.0.0:2888:3888;2181 server.2=zookeeper2:2888:3888;2181 server.3=zookeeper3:2888:3888;2181",
        ),
        // Separators.
        ("a:1:2,b:1:2", "server.1=a:1:2 server.2=b:1:2"),
        (" a:1:2 , b:1:2;\n", "server.1=a:1:2 server.2=b:1:2"),
        ("a:1:2;b:1:2", "server.1=a:1:2 server.2=b:1:2"),
        (
            "a:1:2;2181;b:1:2;2182",
            "server.1=a:1:2;2181 server.2=b:1:2;2182",
        ),
        ("a:1:2;server.5=b:1:2", "server.1=a:1:2 server.5=b:1:2"),
        // Client addresses.
        ("a:1:2;127.0.0.1:2181", "server.1=a:1:2;127.0.0.1:2181"),
        (
            "a:1:2;[::1]:2181,b:1:2",
            "server.1=a:1:2;[::1]:2181 server.2=b:1:2",
        ),
        // Roles, in any case.
        (
            "a:1:2:participant b:1:2:OBSERVER;9",
            "server.1=a:1:2 server.2=b:1:2:observer;9",
        ),
        // Number at the end.
        (
            "a:1:2::3 b:1:2:observer::1",
            "server.1=b:1:2:observer server.3=a:1:2",
        ),
        ("a:1:2::3;2181", "server.3=a:1:2;2181"),
        // IPv6.
        ("[2001:DB8::1]:1:2", "server.1=[2001:db8::1]:1:2"),
        (
            "server.255=[::]:1:2:observer;[::]:3",
            "server.255=[::]:1:2:observer;[::]:3",
        ),
        // Several addresses.
        ("a:1:2|b:3:4;5", "server.1=a:1:2|b:3:4;5"),
        (
            "server.1=a:1:2|[::1]:3:4:observer",
            "server.1=a:1:2|[::1]:3:4:observer",
        ),
        // Names.
        ("server.example.com:1:2", "server.1=server.example.com:1:2"),
        ("my_app_zoo-1:1:2", "server.1=my_app_zoo-1:1:2"),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn bad_lists_say_why() {
    for (text, expected) in [
        ("", "! names no server\n"),
        (" , ;", "! names no server\n"),
        (
            ":",
            "! entry `:`: not of the form host:quorum-port:election-port\n",
        ),
        (
            "::7",
            "! entry `::7`: not of the form host:quorum-port:election-port\n",
        ),
        (
            "zoo1",
            "! entry `zoo1`: not of the form host:quorum-port:election-port\n",
        ),
        (
            "zoo1:2888",
            "! entry `zoo1:2888`: not of the form host:quorum-port:election-port\n",
        ),
        (
            "a:1:2 2181",
            "! entry `2181`: not of the form host:quorum-port:election-port\n",
        ),
        (
            "a:1:2;3;4",
            "! entry `4`: not of the form host:quorum-port:election-port\n",
        ),
        ("a:0:2", "! entry `a:0:2`: a port is 1 to 65535, not `0`\n"),
        (
            "a:1:65536",
            "! entry `a:1:65536`: a port is 1 to 65535, not `65536`\n",
        ),
        (
            "a:1:+2",
            "! entry `a:1:+2`: a port is 1 to 65535, not `+2`\n",
        ),
        (
            "a:1:2;x",
            "! entry `a:1:2;x`: a port is 1 to 65535, not `x`\n",
        ),
        (
            "a:7:7",
            "! entry `a:7:7`: quorum and election port are both 7\n",
        ),
        (
            "a:1:2:leader",
            "! entry `a:1:2:leader`: a role is `participant` or `observer`, not `leader`\n",
        ),
        (
            "server.0=a:1:2",
            "! entry `server.0=a:1:2`: the number of a server is 1 to 255, not `0`\n",
        ),
        (
            "server.256=a:1:2",
            "! entry `server.256=a:1:2`: the number of a server is 1 to 255, not `256`\n",
        ),
        (
            "a:1:2::x",
            "! entry `a:1:2::x`: the number of a server is 1 to 255, not `x`\n",
        ),
        (
            "server.1=a:1:2::1",
            "! entry `server.1=a:1:2::1`: its number is given twice\n",
        ),
        ("server.2=a:1:2 b:1:2", "! number 2 is used twice\n"),
        (
            ":1:2",
            "! entry `:1:2`: `` is no host name and no address; an IPv6 address stands in brackets\n",
        ),
        (
            "::1:1:2",
            "! entry `::1:1:2`: not of the form host:quorum-port:election-port\n",
        ),
        (
            "[::g]:1:2",
            "! entry `[::g]:1:2`: `[::g]` is no host name and no address; an IPv6 address stands in brackets\n",
        ),
        (
            "server.1=zoo1 server.2=zoo2:1:1",
            "! entry `server.1=zoo1`: not of the form host:quorum-port:election-port\n\
             ! entry `server.2=zoo2:1:1`: quorum and election port are both 1\n",
        ),
    ] {
        assert_eq!(shown(text), expected, "{text}");
    }
}

#[test]
fn missing_client_ports_are_filled_in() {
    let list = ServerList::parse("a:1:2 b:1:2;9")
        .unwrap()
        .with_client_port(2181);
    assert_eq!(list.to_string(), "server.1=a:1:2;2181 server.2=b:1:2;9");
}

fn a_host() -> impl Strategy<Value = Host> {
    prop_oneof![
        "[a-z0-9][a-z0-9._-]{0,12}".prop_map(Host::Name),
        any::<u128>().prop_map(|bits| Host::V6(Ipv6Addr::from_bits(bits))),
    ]
}

fn an_address() -> impl Strategy<Value = Address> {
    (a_host(), 1..=u16::MAX, 1..=u16::MAX)
        .prop_filter("different ports", |(_, quorum, election)| {
            quorum != election
        })
        .prop_map(|(host, quorum, election)| Address {
            host,
            quorum,
            election,
        })
}

fn a_list() -> impl Strategy<Value = ServerList> {
    let client = (prop::option::of(a_host()), 1..=u16::MAX)
        .prop_map(|(host, port)| ClientAddress { host, port });
    let role = prop_oneof![Just(Role::Participant), Just(Role::Observer)];
    let server = (
        prop::collection::vec(an_address(), 1..3),
        role,
        prop::option::of(client),
    );
    prop::collection::btree_map(1..=u8::MAX, server, 1..6).prop_map(|servers| {
        let server = |(id, (addresses, role, client))| Server {
            id: ServerId(id),
            addresses,
            role,
            client,
        };
        ServerList(servers.into_iter().map(server).collect())
    })
}

proptest! {
    #[test]
    fn reading_never_panics(text in "\\PC*|[server.=0-9a:;|,\\[\\] ]*") {
        let _ = ServerList::parse(&text);
    }

    #[test]
    fn what_is_displayed_is_read_again(list in a_list()) {
        prop_assert_eq!(ServerList::parse(&list.to_string()), Ok(list));
    }

    #[test]
    fn what_is_accepted_displays_as_itself(text in "[ab]:[1-3]:[1-3](:observer)?(::[1-9])?(;[1-3])?([ ,;]server\\.[1-9]=c:1:2)?") {
        if let Ok(list) = ServerList::parse(&text) {
            prop_assert_eq!(ServerList::parse(&list.to_string()), Ok(list));
        }
    }
}

#[test]
fn lists_that_mean_the_same() {
    let list = |text| ServerList::parse(text).unwrap();
    for (one, other, same) in [
        ("a:1:2", "a:1:2;2181", true),
        ("a:1:2", "a:1:2:participant;0.0.0.0:2181", true),
        ("a:1:2", "a:1:2;2182", false),
        ("a:1:2", "a:1:2;127.0.0.1:2181", false),
        ("a:1:2", "b:1:2", false),
        ("a:1:2", "a:1:2 b:1:2", false),
    ] {
        assert_eq!(list(one).means(&list(other), 2181), same, "{one} {other}");
    }
}

//! The seed's words and ours, in its order. What was changed and why is in `docs/corrections.md`.
//!
//! The seed's are without their prompts; only the image's name is another. Ours stand in README.zh-CN.md
//! and in docs/image.md to the letter, which [`super::documents`] sees to.

/// A command of the seed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Promise {
    /// What the seed says.
    pub(super) seed: &'static str,
    /// What we say, and run.
    pub(super) ours: &'static str,
}

pub(super) const NETWORK: Promise = Promise {
    seed: "docker network create app-tier --driver bridge",
    ours: "docker network create app-tier --driver bridge",
};

pub(super) const PULL: Promise = Promise {
    seed: "docker pull colovu/zookeeper:tag",
    ours: "docker pull registry.example/zookeeper:3.6.1",
};

pub(super) const RUN: Promise = Promise {
    seed: "docker run -d --restart always --name zoo1 -e ZOO_ALLOW_ANONYMOUS_LOGIN=yes colovu/zookeeper:latest",
    ours: "docker run -d --restart always --name zoo1 -e ZOO_ALLOW_ANONYMOUS_LOGIN=yes zookiln/zookeeper:3.6.1",
};

/// With the options of its list of volumes, where the transaction logs were forgotten.
pub(super) const RUN_ON_HOST: Promise = Promise {
    seed: r"-v /host/dir/to/conf:/srv/conf -v /host/dir/to/data:/srv/data -v /host/dir/to/log:/var/log

docker run -d --restart always \
  --name zoo1 \
  -e ZOO_ALLOW_ANONYMOUS_LOGIN=yes \
  -v /host/dir/to/data:/srv/data \
  -v /host/dir/to/datalog:/srv/datalog \
  -v /host/dir/to/conf:/srv/conf \
  colovu/zookeeper:latest",
    ours: r"docker run -d --restart always --name zoo1 \
  -e ZOO_ALLOW_ANONYMOUS_LOGIN=yes \
  -v /host/dir/to/conf:/srv/conf \
  -v /host/dir/to/data:/srv/data \
  -v /host/dir/to/datalog:/srv/datalog \
  -v /host/dir/to/log:/var/log \
  zookiln/zookeeper:3.6.1",
};

pub(super) const RUN_IN_NETWORK: Promise = Promise {
    seed: r"docker run -d --restart always --name zoo1 -e ZOO_ALLOW_ANONYMOUS_LOGIN=yes \
	--network app-tier \
	colovu/zookeeper:latest",
    ours: r"docker run -d --restart always --name zoo1 --network app-tier \
  -e ZOO_ALLOW_ANONYMOUS_LOGIN=yes zookiln/zookeeper:3.6.1",
};

pub(super) const LINK: Promise = Promise {
    seed: "docker run --network app-tier --name other-app --link zoo1:zookeeper -d other-app-image:tag",
    ours: "docker run -d --network app-tier --name other-app --link zoo1:zookeeper other-app-image:tag",
};

/// The file goes before the command.
pub(super) const APP_UP: Promise = Promise {
    seed: "docker-compose up -d -f docker-compose-test.yml",
    ours: "docker-compose -f docker-compose-app.yml up -d",
};

pub(super) const EXEC: Promise = Promise {
    seed: "docker exec -it zoo1 /bin/bash",
    ours: "docker exec -it zoo1 /bin/bash",
};

pub(super) const ATTACH: Promise = Promise {
    seed: "docker attach  --sig-proxy=false zoo1",
    ours: "docker attach --sig-proxy=false zoo1",
};

pub(super) const STOP: Promise = Promise {
    seed: "docker stop zoo1",
    ours: "docker stop zoo1",
};

pub(super) const STOP_BY_SCRIPT: Promise = Promise {
    seed: "docker exec -it zoo1 zkServer.sh stop",
    ours: "docker exec -it zoo1 zkServer.sh stop",
};

pub(super) const LOGS: Promise = Promise {
    seed: "docker logs zoo1",
    ours: "docker logs zoo1",
};

pub(super) const COMPOSE_LOGS: Promise = Promise {
    seed: "docker-compose logs zoo1",
    ours: "docker-compose logs zoo1",
};

pub(super) const COMPOSE_UP: Promise = Promise {
    seed: "docker-compose up -d",
    ours: "docker-compose up -d",
};

/// The seed's compose file for a single server did not put it into this network.
pub(super) const CLIENT: Promise = Promise {
    seed: r"docker run -it --rm \
	--network app-tier \
	colovu/zookeeper:latest zkCli.sh -server zoo1:2181  get /",
    ours: r"docker run -it --rm --network app-tier \
  zookiln/zookeeper:3.6.1 zkCli.sh -server zoo1:2181 get /",
};

pub(super) const CLUSTER_UP: Promise = Promise {
    seed: "docker-compose -f docker-compose-cluster.yml up -d",
    ours: "docker-compose -f docker-compose-cluster.yml up -d",
};

/// What a container of Compose's is called depends on the directory; a service is called the same always.
pub(super) const CLUSTER_STATUS: Promise = Promise {
    seed: r"docker exec -it container-name /bin/bash
zkServer.sh status",
    ours: "docker-compose -f docker-compose-cluster.yml exec zoo1 zkServer.sh status",
};

/// 10 is the default, and nobody had decided about anonymous clients.
pub(super) const INIT_LIMIT: Promise = Promise {
    seed: r#"docker run -d --restart always -e "ZOO_INIT_LIMIT=10" --name zoo1 colovu/zookeeper:latest"#,
    ours: r"docker run -d --restart always --name zoo1 \
  -e ZOO_ALLOW_ANONYMOUS_LOGIN=yes -e ZOO_INIT_LIMIT=20 zookiln/zookeeper:3.6.1",
};

pub(super) const CONFIG_FILE: Promise = Promise {
    seed: "docker run -d --restart always --name zoo1 -v $(pwd)/zoo.cfg:/srv/conf/zookeeper/zoo.cfg colovu/zookeeper:latest",
    ours: r#"docker run -d --restart always --name zoo1 \
  -v "$(pwd)/zoo.cfg:/srv/conf/zookeeper/zoo.cfg" zookiln/zookeeper:3.6.1"#,
};

pub(super) const CONFIG_DIRECTORY: Promise = Promise {
    seed: "docker run -d --restart always --name zoo1 -v $(pwd):/srv/conf colovu/zookeeper:latest",
    ours: r#"docker run -d --restart always --name zoo1 \
  -v "$(pwd):/srv/conf" zookiln/zookeeper:3.6.1"#,
};

/// Nobody had decided about anonymous clients.
pub(super) const CONFIG_MADE: Promise = Promise {
    seed: "docker run -d --restart always --name zookeeper -v /host/path/to/conf:/srv/conf colovu/zookeeper:latest",
    ours: r"docker run -d --restart always --name zoo1 \
  -e ZOO_ALLOW_ANONYMOUS_LOGIN=yes -v /host/dir/to/conf:/srv/conf zookiln/zookeeper:3.6.1",
};

/// The file is in the subdirectory. Trials edit it with `sed`.
pub(super) const CONFIG_EDIT: Promise = Promise {
    seed: "vi /path/to/zoo.cfg",
    ours: "vi /host/dir/to/conf/zookeeper/zoo.cfg",
};

pub(super) const RESTART: Promise = Promise {
    seed: "docker restart zookeeper",
    ours: "docker restart zoo1",
};

/// The file on the host's directories has another name than the one that Compose takes by itself.
pub(super) const HOST_UP: Promise = Promise {
    seed: "docker-compose up -d",
    ours: "docker-compose -f docker-compose-host.yml up -d",
};

pub(super) const COMPOSE_RESTART: Promise = Promise {
    seed: "docker-compose restart zookeeper",
    ours: "docker-compose -f docker-compose-host.yml restart zoo1",
};

/// Marked as to do there.
pub(super) const AUTHENTICATION: Promise = Promise {
    seed: r"docker run -it -e ZOO_ENABLE_AUTH=yes \
		-e ZOO_SERVER_USERS=user1,user2 \
    -e ZOO_SERVER_PASSWORDS=pass4user1,pass4user2 \
    -e ZOO_CLIENT_USER=user1 \
    -e ZOO_CLIENT_PASSWORD=pass4user1 \
    colovu/zookeeper:latest",
    ours: r"docker run -it --rm --name zoo1 -e ZOO_ENABLE_AUTH=yes \
  -e ZOO_SERVER_USERS=user1,user2 -e ZOO_SERVER_PASSWORDS=pass4user1,pass4user2 \
  -e ZOO_CLIENT_USER=user1 -e ZOO_CLIENT_PASSWORD=pass4user1 \
  zookiln/zookeeper:3.6.1",
};

/// The part of a compose file that goes with it is a whole one here.
pub(super) const AUTHENTICATION_UP: Promise = Promise {
    seed: "",
    ours: "docker-compose -f docker-compose-auth.yml up -d",
};

/// Nobody had decided about anonymous clients, and the log was thrown away with the container.
pub(super) const LOG_FILE: Promise = Promise {
    seed: r#"docker run -d --restart always --name zoo1 -e ZOO_LOG4J_PROP="INFO,ROLLINGFILE" colovu/zookeeper:latest"#,
    ours: r"docker run -d --restart always --name zoo1 \
  -e ZOO_ALLOW_ANONYMOUS_LOGIN=yes -e ZOO_LOG4J_PROP=INFO,ROLLINGFILE \
  -v /host/dir/to/log:/var/log zookiln/zookeeper:3.6.1",
};

pub(super) const COMPOSE_STOP: Promise = Promise {
    seed: "docker-compose stop zoo1",
    ours: "docker-compose stop zoo1",
};

/// Snapshots without their transaction logs are no backup. Our own image has `cp`, too.
pub(super) const BACKUP: Promise = Promise {
    seed: r"docker run --rm -v /path/to/back-up:/backups --volumes-from zoo1 busybox \
  cp -a /srv/data/zookeeper /backups/",
    ours: r"docker run --rm -v /path/to/back-up:/backups --volumes-from zoo1 \
  zookiln/zookeeper:3.6.1 cp -a /srv/data /srv/datalog /backups/",
};

/// Newer Compose lists stopped containers only with `--all`.
pub(super) const COMPOSE_BACKUP: Promise = Promise {
    seed: r"docker run --rm -v /path/to/back-up:/backups --volumes-from `docker-compose ps -q zoo1` busybox \
  cp -a /srv/data/zookeeper /backups/",
    ours: r#"docker run --rm -v /path/to/back-up:/backups \
  --volumes-from "$(docker-compose ps --all --quiet zoo1)" \
  zookiln/zookeeper:3.6.1 cp -a /srv/data /srv/datalog /backups/"#,
};

/// Nobody had decided about anonymous clients, and the transaction logs stayed behind.
pub(super) const RESTORE: Promise = Promise {
    seed: "docker run -v /path/to/back-up:/srv/data colovu/zookeeper:latest",
    ours: r"docker run -d --restart always --name zoo1 \
  -e ZOO_ALLOW_ANONYMOUS_LOGIN=yes \
  -v /path/to/back-up/data:/srv/data -v /path/to/back-up/datalog:/srv/datalog \
  zookiln/zookeeper:3.6.1",
};

/// In place of a line of `volumes` for a directory of the host.
pub(super) const COMPOSE_RESTORE: Promise = Promise {
    seed: r"zoo1:
	volumes:
		- /path/to/back-up:/srv/data",
    ours: r#"docker-compose up --no-start
docker run --rm -v /path/to/back-up:/backups \
  --volumes-from "$(docker-compose ps --all --quiet zoo1)" \
  zookiln/zookeeper:3.6.1 cp -a /backups/data /backups/datalog /srv/
docker-compose up -d"#,
};

/// `-v` deletes what was not backed up.
pub(super) const REMOVE: Promise = Promise {
    seed: "docker rm -v zoo1",
    ours: "docker rm -v zoo1",
};

/// It asks a question, and without a terminal does nothing; `up` recreates a container by itself, on the same
/// named volumes.
pub(super) const COMPOSE_UPGRADE: Promise = Promise {
    seed: r"docker-compose rm -v zoo1
docker-compose up zoo1",
    ours: "docker-compose up -d zoo1",
};

/// Nobody had decided about anonymous clients, and it ran in the foreground.
pub(super) const UPGRADE: Promise = Promise {
    seed: "docker run --name zoo1 -v /path/to/back-up:/srv/data colovu/zookeeper:TAG",
    ours: RESTORE.ours,
};

/// The seed says nothing about it. The server with the data first and alone, with the new list.
pub(super) const GROW_FIRST: Promise = Promise {
    seed: "",
    ours: r#"docker stop zoo1
docker rm zoo1
docker run -d --restart always --name zoo1 --network app-tier \
  -e ZOO_ALLOW_ANONYMOUS_LOGIN=yes -e ZOO_SERVER_ID=1 \
  -e ZOO_SERVERS="zoo1:2888:3888 zoo2:2888:3888 zoo3:2888:3888" \
  -v /host/dir/to/data:/srv/data -v /host/dir/to/datalog:/srv/datalog \
  zookiln/zookeeper:3.6.1"#,
};

/// Then the others, one by one.
pub(super) const GROW_SECOND: Promise = Promise {
    seed: "",
    ours: r#"docker run -d --restart always --name zoo2 --network app-tier \
  -e ZOO_ALLOW_ANONYMOUS_LOGIN=yes -e ZOO_SERVER_ID=2 \
  -e ZOO_SERVERS="zoo1:2888:3888 zoo2:2888:3888 zoo3:2888:3888" \
  -v zoo2-data:/srv/data -v zoo2-datalog:/srv/datalog \
  zookiln/zookeeper:3.6.1"#,
};

/// The seed says nothing about clusters. One by one, the leader last.
pub(super) const CLUSTER_UPGRADE: Promise = Promise {
    seed: "",
    ours: "docker-compose -f docker-compose-cluster.yml up -d --no-deps zoo2",
};

/// All of them.
pub(super) const ALL: &[Promise] = &[
    NETWORK,
    PULL,
    RUN,
    RUN_ON_HOST,
    RUN_IN_NETWORK,
    LINK,
    APP_UP,
    EXEC,
    ATTACH,
    STOP,
    STOP_BY_SCRIPT,
    LOGS,
    COMPOSE_LOGS,
    COMPOSE_UP,
    CLIENT,
    CLUSTER_UP,
    CLUSTER_STATUS,
    INIT_LIMIT,
    CONFIG_FILE,
    CONFIG_DIRECTORY,
    CONFIG_MADE,
    CONFIG_EDIT,
    RESTART,
    HOST_UP,
    COMPOSE_RESTART,
    AUTHENTICATION,
    AUTHENTICATION_UP,
    LOG_FILE,
    COMPOSE_STOP,
    BACKUP,
    COMPOSE_BACKUP,
    RESTORE,
    COMPOSE_RESTORE,
    REMOVE,
    COMPOSE_UPGRADE,
    UPGRADE,
    CLUSTER_UPGRADE,
    GROW_FIRST,
    GROW_SECOND,
];

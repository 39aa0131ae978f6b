//! Janus' collector: collects one batch of a task and prints how many reports it has and the result, as Rust's `Debug`
//! writes it. Its own command `collect` does the same, but for a crypto provider that it forgets to choose.
//!
//! Arguments: the task's id, its TaskConfiguration, the bearer token, the collector's HpkeConfig and private key, all in
//! hex but the token; for a time interval its start and duration in seconds.

use std::{env, fmt::Debug};

use janus_collector::{AuthenticationToken, Collector, ConfiguredVdaf, HpkeKeypair};
use janus_core::{hpke::HpkePrivateKey, initialize_rustls};
use janus_messages::{codec::Decode, Duration, HpkeConfig, Interval, Query, TaskConfiguration, TaskId, Time, VdafConfig};

fn unhex(text: &str) -> Vec<u8> {
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal digits");
    (0..text.len()).step_by(2).map(digits).collect()
}

/// The VDAFs of Janus have types of their own.
macro_rules! collect {
    ($task:expr, $vdaf:expr) => {{
        let task = $task;
        let vdaf = $vdaf.expect("a VDAF");
        let collector = Collector::builder(task.id, task.token, task.keypair, vdaf)
            .with_task_configuration(task.configuration)
            .build()
            .expect("a collector");
        match task.interval {
            Some(interval) => {
                let query = Query::new_time_interval(interval);
                collector.collection(query, &()).collect().await.map(|batch| print(batch.report_count(), batch.aggregate_result()))
            }
            None => {
                let query = Query::new_leader_selected();
                collector.collection(query, &()).collect().await.map(|batch| print(batch.report_count(), batch.aggregate_result()))
            }
        }
    }};
}

struct Task {
    id: TaskId,
    token: AuthenticationToken,
    keypair: HpkeKeypair,
    configuration: TaskConfiguration,
    interval: Option<Interval>,
}

fn print(count: u64, result: &impl Debug) {
    println!("{count} {result:?}");
}

fn main() {
    initialize_rustls();
    let arguments: Vec<String> = env::args().skip(1).collect();
    let configuration = TaskConfiguration::get_decoded(&unhex(&arguments[1])).expect("a TaskConfiguration");
    let precision = *configuration.time_precision();
    let seconds = |text: &String| text.parse::<u64>().expect("seconds");
    let interval = arguments.get(5).map(|start| {
        let start = Time::from_seconds_since_epoch(seconds(start), &precision);
        Interval::new(start, Duration::from_seconds(seconds(&arguments[6]), &precision)).expect("an interval")
    });
    let vdaf = configuration.vdaf_config().clone();
    let task = Task {
        id: TaskId::get_decoded(&unhex(&arguments[0])).expect("a TaskId"),
        token: AuthenticationToken::new_bearer_token_from_string(&arguments[2]).expect("a token"),
        keypair: HpkeKeypair::new(
            HpkeConfig::get_decoded(&unhex(&arguments[3])).expect("an HpkeConfig"),
            HpkePrivateKey::new(unhex(&arguments[4])),
        ),
        configuration,
        interval,
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let done = runtime.block_on(async {
        match vdaf {
            VdafConfig::Prio3Count => collect!(task, ConfiguredVdaf::prio3_count()),
            VdafConfig::Prio3Sum { max_measurement } => collect!(task, ConfiguredVdaf::prio3_sum(max_measurement)),
            VdafConfig::Prio3SumVec { length, max_measurement, chunk_length } => {
                collect!(task, ConfiguredVdaf::prio3_sum_vec(max_measurement, length, chunk_length))
            }
            VdafConfig::Prio3Histogram { length, chunk_length } => {
                collect!(task, ConfiguredVdaf::prio3_histogram(length, chunk_length))
            }
            other => panic!("{other:?} is not tried"),
        }
    });
    if let Err(error) = done {
        eprintln!("{error}");
        std::process::exit(1);
    }
}

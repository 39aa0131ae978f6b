//! libprio-rs's side of the measurement (../run.mjs): takes blocks of reports through a client and both aggregators, and
//! says how long each step took. It is asked and answers as ../program.ts, and does the same: every step takes bytes and
//! gives bytes, and all reports of a block take a step before the next step begins.
//!
//!     prio3-bench TYPE [NUMBERS]      for example: prio3-bench Prio3SumVec 1000 1 25

use prio::codec::{Encode, ParameterizedDecode};
use prio::field::Field64;
use prio::flp::{
    gadgets::{Mul, ParallelSum},
    types::SumVec,
};
use prio::vdaf::{
    prio3::{Prio3, Prio3Count, Prio3Histogram, Prio3MultihotCountVec, Prio3Sum, Prio3SumVec},
    xof::XofHmacSha256Aes128,
    Aggregatable, Aggregator, Client, Collector, Vdaf, VerifyTransition,
};
use std::io::{stdin, stdout, BufRead, Write};
use std::time::Instant;

const CTX: &[u8] = b"bench";

/// Nanoseconds on the wall and of the processor.
#[derive(Default)]
struct Duration(u128, u128);

fn processor() -> u128 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    assert_eq!(unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut time) }, 0);
    time.tv_sec as u128 * 1_000_000_000 + time.tv_nsec as u128
}

/// Takes every report of the block through a step, and adds the time that it took.
fn step<T>(duration: &mut Duration, reports: usize, one: impl FnMut(usize) -> T) -> Vec<T> {
    let (cpu, wall) = (processor(), Instant::now());
    let results = (0..reports).map(one).collect();
    duration.0 += wall.elapsed().as_nanos();
    duration.1 += processor() - cpu;
    results
}

/// An aggregator, and what it has added up.
struct Side<V: Aggregator<32, 16>> {
    id: usize,
    total: V::AggregateShare,
}

fn nonce(report: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&report.to_le_bytes());
    bytes
}

fn serve<V>(vdaf: V, measurement: V::Measurement, expected: impl Fn(u128) -> V::AggregateResult)
where
    V: Client<16> + Aggregator<32, 16> + Collector,
    V: Vdaf<AggregationParam = ()>,
    V::AggregateResult: PartialEq,
{
    let key = [1; 32];
    let [mut leader, mut helper] = [0, 1].map(|id| Side::<V> { id, total: vdaf.aggregate_init(&()) });
    let mut counted = 0;
    println!("{{\"version\":\"libprio-rs 0.18.1 ({})\"}}", env!("RUSTC_VERSION"));
    for line in stdin().lock().lines() {
        let reports: usize = line.unwrap().trim().parse().unwrap();
        let nonces: Vec<_> = (0..reports).map(|i| nonce(counted as u64 + i as u64)).collect();

        let mut shard = Duration::default();
        let sent = step(&mut shard, reports, |i| {
            let (public, shares) = vdaf.shard(CTX, &measurement, &nonces[i]).unwrap();
            let shares: Vec<_> = shares.iter().map(|share| share.get_encoded().unwrap()).collect();
            (public.get_encoded().unwrap(), shares)
        });

        let init = |duration: &mut Duration, id: usize| {
            step(duration, reports, |i| {
                let (public, shares) = &sent[i];
                let public = V::PublicShare::get_decoded_with_param(&vdaf, public).unwrap();
                let share = V::InputShare::get_decoded_with_param(&(&vdaf, id), &shares[id]).unwrap();
                let (state, share) = vdaf.verify_init(&key, CTX, id, &(), &nonces[i], &public, &share).unwrap();
                (state, share.get_encoded().unwrap())
            })
        };
        let (mut leading, mut helping) = (Duration::default(), Duration::default());
        let (led, helped) = (init(&mut leading, leader.id), init(&mut helping, helper.id));
        let (leader_states, leader_shares): (Vec<_>, Vec<_>) = led.into_iter().unzip();
        let (helper_states, helper_shares): (Vec<_>, Vec<_>) = helped.into_iter().unzip();

        let add = |side: &mut Side<V>, state: V::VerifyState, message: &[u8]| {
            let message = V::VerifierMessage::get_decoded_with_param(&state, message).unwrap();
            match vdaf.verify_next(CTX, state, message).unwrap() {
                VerifyTransition::Finish(output) => side.total.accumulate(&output).unwrap(),
                VerifyTransition::Continue(..) => panic!("a second round"),
            }
        };
        let mut finish = Duration::default();
        let mut states = helper_states.into_iter();
        let messages = step(&mut finish, reports, |i| {
            let state = states.next().unwrap();
            let shares = [&leader_shares[i], &helper_shares[i]]
                .map(|share| V::VerifierShare::get_decoded_with_param(&state, share).unwrap());
            let message = vdaf.verifier_shares_to_message(CTX, &(), shares).unwrap().get_encoded().unwrap();
            add(&mut helper, state, &message);
            message
        });
        for (state, message) in leader_states.into_iter().zip(messages) {
            add(&mut leader, state, &message);
        }
        counted += reports;

        let steps = [("shard", shard), ("leader", leading), ("helper", helping), ("finish", finish)];
        let fields: Vec<_> = steps.iter().map(|(name, time)| format!("\"{name}\":[{},{}]", time.0, time.1)).collect();
        println!("{{{}}}", fields.join(","));
        stdout().flush().unwrap();
    }
    let result = vdaf.unshard(&(), [leader.total, helper.total], counted).unwrap();
    assert!(result == expected(counted as u128), "the result is not that of the measurements");
}

/// 0 and 1 in turn.
fn alternating(length: usize) -> Vec<u128> {
    (0..length).map(|i| i as u128 % 2).collect()
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize| args[i].parse::<u128>().unwrap();
    let size = |i: usize| number(i) as usize;
    let totals = |count: u128, length: usize| alternating(length).into_iter().map(|x| x * count).collect::<Vec<_>>();
    match args[0].as_str() {
        "Prio3Count" => serve(Prio3Count::new_count(2).unwrap(), true, |count| count as u64),
        "Prio3Sum" => {
            let max = number(1) as u64;
            serve(Prio3Sum::new_sum(2, max).unwrap(), max / 3, |count| (max / 3) * count as u64)
        }
        "Prio3SumVec" => {
            let length = size(1);
            let vdaf = Prio3SumVec::new_sum_vec(2, number(2), length, size(3)).unwrap();
            serve(vdaf, alternating(length), |count| totals(count, length))
        }
        "Prio3SumVecWithMultiproof" => {
            let length = size(1);
            let sum_vec = SumVec::<Field64, ParallelSum<Field64, Mul>>::new(number(2) as u64, length, size(3)).unwrap();
            let vdaf = Prio3::<_, XofHmacSha256Aes128, 32>::new(2, number(4) as u8, 0xffff_1003, sum_vec).unwrap();
            let as_u64 = |values: Vec<u128>| values.into_iter().map(|x| x as u64).collect::<Vec<_>>();
            serve(vdaf, as_u64(alternating(length)), |count| as_u64(totals(count, length)))
        }
        "Prio3Histogram" => {
            let length = size(1);
            let vdaf = Prio3Histogram::new_histogram(2, length, size(2)).unwrap();
            serve(vdaf, 1, |count| (0..length).map(|i| if i == 1 { count } else { 0 }).collect())
        }
        "Prio3MultihotCountVec" => {
            let (length, weight) = (size(1), size(2));
            let vdaf = Prio3MultihotCountVec::new_multihot_count_vec(2, length, weight, size(3)).unwrap();
            serve(vdaf, (0..length).map(|i| i < weight).collect(), |count| {
                (0..length).map(|i| if i < weight { count } else { 0 }).collect()
            })
        }
        other => panic!("no instance {other}"),
    }
}

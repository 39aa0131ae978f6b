//! The peer of scripts/test-libprio-rs.mjs: one instance of libprio-rs's Prio3, whose steps are asked for by lines on
//! standard input. A request is a word and its arguments; bytes are hex, and "-" stands for none. An answer is one line,
//! "refused" where libprio-rs returns an error.

use prio::codec::{Encode, ParameterizedDecode};
use prio::flp::{gadgets::{Mul, ParallelSum}, types::SumVec};
use prio::field::Field64;
use prio::vdaf::{
    prio3::{Prio3, Prio3Count, Prio3Histogram, Prio3L1BoundSum, Prio3MultihotCountVec, Prio3Sum, Prio3SumVec},
    xof::{XofHmacSha256Aes128, XofTurboShake128},
    Aggregatable, Aggregator, Client, Collector, VdafError, VerifyTransition,
};
use std::collections::HashMap;
use std::fmt::Display;
use std::io::{stdin, stdout, BufRead, Write};

type Failure = Box<dyn std::error::Error>;
type Multiproof<X> = Prio3<SumVec<Field64, ParallelSum<Field64, Mul>>, X, 32>;

fn bytes(hex: &str) -> Vec<u8> {
    if hex == "-" {
        return Vec::new();
    }
    (0..hex.len()).step_by(2).map(|i| u8::from_str_radix(&hex[i..i + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "-".into();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn array<const N: usize>(text: &str) -> [u8; N] {
    bytes(text).try_into().unwrap()
}

/// How measurements are read and results are written.
struct Texts<V: Collector> {
    measurement: fn(&[u128]) -> V::Measurement,
    result: fn(V::AggregateResult) -> String,
}

fn list<T: Display>(values: Vec<T>) -> String {
    values.iter().map(|x| x.to_string()).collect::<Vec<_>>().join(",")
}

fn serve<V>(vdaf: V, texts: Texts<V>)
where
    V: Client<16> + Aggregator<32, 16> + Collector,
    V: prio::vdaf::Vdaf<AggregationParam = ()>,
{
    let mut states: HashMap<String, V::VerifyState> = HashMap::new();
    let mut totals: HashMap<String, V::AggregateShare> = HashMap::new();
    for line in stdin().lock().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let answer = answer(&vdaf, &texts, &mut states, &mut totals, &words).unwrap_or_else(|_| "refused".into());
        println!("{answer}");
        stdout().flush().unwrap();
    }
}

fn answer<V>(
    vdaf: &V,
    texts: &Texts<V>,
    states: &mut HashMap<String, V::VerifyState>,
    totals: &mut HashMap<String, V::AggregateShare>,
    words: &[&str],
) -> Result<String, Failure>
where
    V: Client<16> + Aggregator<32, 16> + Collector,
    V: prio::vdaf::Vdaf<AggregationParam = ()>,
{
    Ok(match words {
        ["shard", ctx, nonce, values] => {
            let values: Vec<u128> = values.split(',').map(|x| x.parse().unwrap()).collect();
            let (public, shares) = vdaf.shard(&bytes(ctx), &(texts.measurement)(&values), &array(nonce))?;
            let mut encoded = vec![hex(&public.get_encoded()?)];
            for share in shares {
                encoded.push(hex(&share.get_encoded()?));
            }
            encoded.join(" ")
        }
        ["init", handle, key, ctx, id, nonce, public, share] => {
            let id: usize = id.parse()?;
            let public = V::PublicShare::get_decoded_with_param(vdaf, &bytes(public))?;
            let share = V::InputShare::get_decoded_with_param(&(vdaf, id), &bytes(share))?;
            let (state, verifier) =
                vdaf.verify_init(&array(key), &bytes(ctx), id, &(), &array(nonce), &public, &share)?;
            states.insert(handle.to_string(), state);
            hex(&verifier.get_encoded()?)
        }
        ["message", handle, ctx, shares @ ..] => {
            let state = &states[*handle];
            let mut decoded = Vec::new();
            for share in shares {
                decoded.push(V::VerifierShare::get_decoded_with_param(state, &bytes(share))?);
            }
            hex(&vdaf.verifier_shares_to_message(&bytes(ctx), &(), decoded)?.get_encoded()?)
        }
        ["next", handle, ctx, message, total] => {
            let state = states.remove(*handle).unwrap();
            let message = V::VerifierMessage::get_decoded_with_param(&state, &bytes(message))?;
            match vdaf.verify_next(&bytes(ctx), state, message)? {
                VerifyTransition::Finish(output) => {
                    let sum = totals.entry(total.to_string()).or_insert_with(|| vdaf.aggregate_init(&()));
                    sum.accumulate(&output)?;
                    "counted".into()
                }
                VerifyTransition::Continue(..) => "continued".into(),
            }
        }
        ["total", total] => {
            let sum = totals.entry(total.to_string()).or_insert_with(|| vdaf.aggregate_init(&()));
            hex(&sum.get_encoded()?)
        }
        ["unshard", measurements, shares @ ..] => {
            let mut decoded = Vec::new();
            for share in shares {
                decoded.push(V::AggregateShare::get_decoded_with_param(&(vdaf, &()), &bytes(share))?);
            }
            (texts.result)(vdaf.unshard(&(), decoded, measurements.parse()?)?)
        }
        _ => return Err("no such request".into()),
    })
}

fn main() -> Result<(), VdafError> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize| args[i].parse::<u128>().unwrap();
    let (shares, size) = (number(1) as u8, |i: usize| number(i) as usize);
    match args[0].as_str() {
        "Prio3Count" => serve(
            Prio3Count::new_count(shares)?,
            Texts { measurement: |values| values[0] != 0, result: |sum| sum.to_string() },
        ),
        "Prio3Sum" => serve(
            Prio3Sum::new_sum(shares, number(2) as u64)?,
            Texts { measurement: |values| values[0] as u64, result: |sum| sum.to_string() },
        ),
        "Prio3SumVec" => serve(
            Prio3SumVec::new_sum_vec(shares, number(2), size(3), size(4))?,
            Texts { measurement: |values| values.to_vec(), result: list },
        ),
        "Prio3Histogram" => serve(
            Prio3Histogram::new_histogram(shares, size(2), size(3))?,
            Texts { measurement: |values| values[0] as usize, result: list },
        ),
        "Prio3MultihotCountVec" => serve(
            Prio3MultihotCountVec::new_multihot_count_vec(shares, size(2), size(3), size(4))?,
            Texts { measurement: |values| values.iter().map(|x| *x != 0).collect(), result: list },
        ),
        "Prio3L1BoundSum" => serve(
            Prio3L1BoundSum::new_l1_bound_sum(shares, number(2), size(3), size(4))?,
            Texts { measurement: |values| values.to_vec(), result: list },
        ),
        "Prio3SumVecWithMultiproof" | "Prio3SumVecWithMultiproofHmac" => {
            let sum_vec = SumVec::new(number(2) as u64, size(3), size(4))?;
            let (proofs, id) = (number(5) as u8, number(6) as u32);
            let measurement = |values: &[u128]| values.iter().map(|x| *x as u64).collect();
            if args[0].ends_with("Hmac") {
                serve(
                    Multiproof::<XofHmacSha256Aes128>::new(shares, proofs, id, sum_vec)?,
                    Texts { measurement, result: list },
                )
            } else {
                serve(
                    Multiproof::<XofTurboShake128>::new(shares, proofs, id, sum_vec)?,
                    Texts { measurement, result: list },
                )
            }
        }
        other => panic!("no instance {other}"),
    }
    Ok(())
}

//! DAP messages as Janus' crate `janus_messages` has them, one request a line:
//!
//! * `read KIND HEX`: decodes the message and writes what encoding it again gives, or `refused: why`;
//! * `make KIND SEED`: writes a message of random contents, encoded. The same seed makes the same message.
//!
//! scripts/test-janus.mjs compares both with `prio/dap`. Empty bytes are `-`.

use std::io::{stdin, stdout, BufRead, Write};

use janus_messages::{
    batch_mode::{BatchMode, LeaderSelected, TimeInterval},
    codec::{CodecError, Decode, Encode, ParameterizedDecode},
    AggregateShare, AggregateShareAad, AggregateShareReq, AggregationJobContinueReq, AggregationJobInitializeReq,
    AggregationJobResp, AggregationJobStep, BatchConfig, BatchId, BatchSelector, CollectionJobExtension,
    CollectionJobExtensionType, CollectionJobReq, CollectionJobResp, Duration, Extension, ExtensionType, HpkeAeadId,
    HpkeCiphertext, HpkeConfig, HpkeConfigId, HpkeConfigList, HpkeKdfId, HpkeKemId, HpkePublicKey, InputShareAad,
    Interval, PartialBatchSelector, PlaintextInputShare, Query, Report, ReportError, ReportId, ReportIdChecksum,
    ReportMetadata, ReportShare, ReportUploadStatus, TaskConfiguration, TaskExtension, TaskExtensionType, TaskId, Time,
    TimePrecision, UploadErrors, UploadRequest, Url, VdafConfig, VerifyContinue, VerifyInit, VerifyResp,
    VerifyStepResult,
};

/// Numbers of a seed (splitmix64). Not for secrets.
struct Random(u64);

impl Random {
    fn u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to n - 1.
    fn below(&mut self, n: usize) -> usize {
        (self.u64() % n as u64) as usize
    }

    fn u8(&mut self) -> u8 {
        self.u64() as u8
    }

    fn u16(&mut self) -> u16 {
        self.u64() as u16
    }

    fn u32(&mut self) -> u32 {
        self.u64() as u32
    }

    fn array<const N: usize>(&mut self) -> [u8; N] {
        std::array::from_fn(|_| self.u8())
    }

    /// Of `least` to `most` bytes.
    fn bytes(&mut self, least: usize, most: usize) -> Vec<u8> {
        let length = least + self.below(most - least + 1);
        (0..length).map(|_| self.u8()).collect()
    }

    fn some<T>(&mut self, most: usize, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| make(self)).collect()
    }
}

fn report_id(r: &mut Random) -> ReportId {
    ReportId::from(r.array())
}

fn ciphertext(r: &mut Random) -> HpkeCiphertext {
    HpkeCiphertext::new(HpkeConfigId::from(r.u8()), r.bytes(1, 40), r.bytes(1, 300))
}

/// Extension types in strictly increasing order.
fn types(r: &mut Random) -> Vec<u16> {
    let mut types = r.some(3, |r| r.u16().max(2));
    types.sort_unstable();
    types.dedup();
    types
}

/// Of a report, as Janus reads them.
fn extensions(r: &mut Random) -> Vec<Extension> {
    types(r)
        .into_iter()
        .map(|code| {
            let kind = ExtensionType::get_decoded(&code.to_be_bytes()).expect("every type decodes");
            Extension::new(kind, r.bytes(0, 20))
        })
        .collect()
}

fn metadata(r: &mut Random) -> ReportMetadata {
    ReportMetadata::new(report_id(r), Time::from_time_precision_units(r.u64()), extensions(r))
}

fn report(r: &mut Random) -> Report {
    Report::new(metadata(r), r.bytes(0, 64), ciphertext(r), ciphertext(r))
}

fn interval(r: &mut Random) -> Interval {
    // The end must be a uint64 too.
    let start = Time::from_time_precision_units(r.u64() >> 1);
    Interval::new(start, Duration::from_time_precision_units(r.u64() >> 1)).expect("no overflow")
}

fn hpke_config(r: &mut Random) -> HpkeConfig {
    HpkeConfig::new(
        HpkeConfigId::from(r.u8()),
        HpkeKemId::from(r.u16()),
        HpkeKdfId::from(r.u16()),
        HpkeAeadId::from(r.u16()),
        HpkePublicKey::from(r.bytes(1, 60)),
    )
}

fn url(r: &mut Random) -> Url {
    let path = "%7Eabc/d-_.".repeat(r.below(4));
    Url::try_from(format!("https://host-{}.example/{path}", r.u16()).as_str()).expect("ASCII")
}

fn vdaf(r: &mut Random) -> VdafConfig {
    match r.below(6) {
        0 => VdafConfig::Prio3Count,
        1 => VdafConfig::Prio3Sum { max_measurement: r.u64() },
        2 => VdafConfig::Prio3SumVec { length: r.u32(), max_measurement: r.u64(), chunk_length: r.u32() },
        3 => VdafConfig::Prio3Histogram { length: r.u32(), chunk_length: r.u32() },
        4 => VdafConfig::Prio3MultihotCountVec { length: r.u32(), chunk_length: r.u32(), max_weight: r.u64() },
        _ => VdafConfig::Unknown { vdaf_type: r.u32() | 0x8000_0000, vdaf_configuration: r.bytes(0, 30) },
    }
}

fn task(r: &mut Random) -> TaskConfiguration {
    let mut extensions = Vec::new();
    if r.below(2) == 0 {
        extensions.push(TaskExtension::TaskInterval(interval(r)));
    }
    for code in types(r) {
        let extension_type = TaskExtensionType::from(code);
        extensions.push(TaskExtension::Unknown { extension_type, extension_data: r.bytes(0, 20) });
    }
    let batch = if r.below(2) == 0 { BatchConfig::TimeInterval } else { BatchConfig::LeaderSelected };
    TaskConfiguration::new(
        r.bytes(1, 255),
        url(r),
        url(r),
        TimePrecision::from_seconds(r.u64().max(1)),
        r.u64(),
        batch,
        vdaf(r),
        extensions,
    )
    .expect("a valid task")
}

fn task_id(r: &mut Random) -> TaskId {
    TaskId::from(r.array())
}

/// The two batch modes differ in what names a batch.
trait Mode: BatchMode {
    fn query(r: &mut Random) -> Query<Self>;
    fn selector(r: &mut Random) -> BatchSelector<Self>;
    fn partial(r: &mut Random) -> PartialBatchSelector<Self>;
}

impl Mode for TimeInterval {
    fn query(r: &mut Random) -> Query<Self> {
        Query::new_time_interval(interval(r))
    }
    fn selector(r: &mut Random) -> BatchSelector<Self> {
        BatchSelector::new_time_interval(interval(r))
    }
    fn partial(_: &mut Random) -> PartialBatchSelector<Self> {
        PartialBatchSelector::new_time_interval()
    }
}

impl Mode for LeaderSelected {
    fn query(_: &mut Random) -> Query<Self> {
        Query::new_leader_selected()
    }
    fn selector(r: &mut Random) -> BatchSelector<Self> {
        BatchSelector::new_leader_selected(BatchId::from(r.array()))
    }
    fn partial(r: &mut Random) -> PartialBatchSelector<Self> {
        PartialBatchSelector::new_leader_selected(BatchId::from(r.array()))
    }
}

fn collection_job_req<B: Mode>(r: &mut Random) -> CollectionJobReq<B> {
    let extensions = types(r)
        .into_iter()
        .map(|code| CollectionJobExtension::new(CollectionJobExtensionType::from(code), r.bytes(0, 20)))
        .collect();
    CollectionJobReq::new(B::query(r), r.bytes(0, 20)).with_extensions(extensions)
}

/// A message of the ping-pong topology, length-prefixed: initialize, continue or finish.
fn ping_pong<T: Decode>(r: &mut Random) -> T {
    let kind = r.below(3) as u8;
    let mut bytes = vec![kind];
    for _ in 0..if kind == 1 { 2 } else { 1 } {
        let part = r.bytes(0, 40);
        bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
        bytes.extend_from_slice(&part);
    }
    T::get_decoded(&bytes).expect("a ping-pong message")
}

fn report_share(r: &mut Random) -> ReportShare {
    ReportShare::new(metadata(r), r.bytes(0, 64), ciphertext(r))
}

fn verify_init(r: &mut Random) -> VerifyInit {
    VerifyInit::new(report_share(r), ping_pong(r))
}

fn report_error(r: &mut Random) -> ReportError {
    ReportError::try_from(1 + r.below(10) as u8).expect("an error that Janus has")
}

fn verify_resp(r: &mut Random) -> VerifyResp {
    let result = match r.below(3) {
        0 => VerifyStepResult::Continue { message: ping_pong(r) },
        1 => VerifyStepResult::Finished,
        _ => VerifyStepResult::Reject(report_error(r)),
    };
    VerifyResp::new(report_id(r), result)
}

fn init<B: Mode>(r: &mut Random) -> AggregationJobInitializeReq<B> {
    AggregationJobInitializeReq::new(r.u8(), r.bytes(0, 20), B::partial(r), r.some(4, verify_init))
}

fn share_aad<B: Mode>(r: &mut Random) -> AggregateShareAad<B> {
    AggregateShareAad::new(task_id(r), task(r), collection_job_req(r))
}

fn share_req<B: Mode>(r: &mut Random) -> AggregateShareReq<B> {
    AggregateShareReq::new(collection_job_req(r), B::selector(r), r.u64(), ReportIdChecksum::from(r.array()))
}

fn made(kind: &str, seed: u64) -> Result<Vec<u8>, CodecError> {
    let r = &mut Random(seed);
    match kind {
        "hpke-config-list" => {
            let first = hpke_config(r);
            let rest = r.some(3, hpke_config);
            HpkeConfigList::new(std::iter::once(first).chain(rest).collect()).get_encoded()
        }
        "upload-req" => UploadRequest::new(r.some(3, report)).get_encoded(),
        "upload-errors" => {
            let status = r.some(4, |r| ReportUploadStatus::new(report_id(r), report_error(r)));
            UploadErrors::new(&status).get_encoded()
        }
        "plaintext-input-share" => PlaintextInputShare::new(extensions(r), r.bytes(1, 100)).get_encoded(),
        "task-configuration" => task(r).get_encoded(),
        "input-share-aad" => InputShareAad::new(task_id(r), task(r), metadata(r), r.bytes(0, 64)).get_encoded(),
        "aggregate-share-aad/time-interval" => share_aad::<TimeInterval>(r).get_encoded(),
        "aggregate-share-aad/leader-selected" => share_aad::<LeaderSelected>(r).get_encoded(),
        "collection-job-req/time-interval" => collection_job_req::<TimeInterval>(r).get_encoded(),
        "collection-job-req/leader-selected" => collection_job_req::<LeaderSelected>(r).get_encoded(),
        "collection-job-resp" => CollectionJobResp {
            report_count: r.u64(),
            interval: interval(r),
            leader_encrypted_agg_share: ciphertext(r),
            helper_encrypted_agg_share: ciphertext(r),
        }
        .get_encoded(),
        "aggregate-share-req/time-interval" => share_req::<TimeInterval>(r).get_encoded(),
        "aggregate-share-req/leader-selected" => share_req::<LeaderSelected>(r).get_encoded(),
        "aggregate-share" => AggregateShare::new(ciphertext(r)).get_encoded(),
        "aggregation-job-init-req/time-interval" => init::<TimeInterval>(r).get_encoded(),
        "aggregation-job-init-req/leader-selected" => init::<LeaderSelected>(r).get_encoded(),
        "aggregation-job-resp" => AggregationJobResp { verify_resps: r.some(4, verify_resp) }.get_encoded(),
        "aggregation-job-continue-req" => {
            let step = AggregationJobStep::from(r.u16());
            let continues = r.some(4, |r| VerifyContinue::new(report_id(r), ping_pong(r)));
            AggregationJobContinueReq::new(step, continues).get_encoded()
        }
        _ => Err(CodecError::Other(format!("no kind {kind}").into())),
    }
}

fn again<T: Decode + Encode>(bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
    T::get_decoded(bytes)?.get_encoded()
}

fn again_whole<T: ParameterizedDecode<usize> + Encode>(bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
    T::get_decoded_with_param(&bytes.len(), bytes)?.get_encoded()
}

fn read(kind: &str, bytes: &[u8]) -> Result<Vec<u8>, CodecError> {
    match kind {
        "hpke-config-list" => again::<HpkeConfigList>(bytes),
        "upload-req" => again_whole::<UploadRequest>(bytes),
        "upload-errors" => again_whole::<UploadErrors>(bytes),
        "plaintext-input-share" => again::<PlaintextInputShare>(bytes),
        "task-configuration" => again::<TaskConfiguration>(bytes),
        "input-share-aad" => again::<InputShareAad>(bytes),
        "aggregate-share-aad/time-interval" => again::<AggregateShareAad<TimeInterval>>(bytes),
        "aggregate-share-aad/leader-selected" => again::<AggregateShareAad<LeaderSelected>>(bytes),
        "collection-job-req/time-interval" => again::<CollectionJobReq<TimeInterval>>(bytes),
        "collection-job-req/leader-selected" => again::<CollectionJobReq<LeaderSelected>>(bytes),
        "collection-job-resp" => again::<CollectionJobResp>(bytes),
        "aggregate-share-req/time-interval" => again::<AggregateShareReq<TimeInterval>>(bytes),
        "aggregate-share-req/leader-selected" => again::<AggregateShareReq<LeaderSelected>>(bytes),
        "aggregate-share" => again::<AggregateShare>(bytes),
        "aggregation-job-init-req/time-interval" => again::<AggregationJobInitializeReq<TimeInterval>>(bytes),
        "aggregation-job-init-req/leader-selected" => again::<AggregationJobInitializeReq<LeaderSelected>>(bytes),
        "aggregation-job-resp" => again::<AggregationJobResp>(bytes),
        "aggregation-job-continue-req" => again::<AggregationJobContinueReq>(bytes),
        _ => Err(CodecError::Other(format!("no kind {kind}").into())),
    }
}

fn hex(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "-".into();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    if text == "-" {
        return Vec::new();
    }
    let digits = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).expect("hexadecimal digits");
    (0..text.len()).step_by(2).map(digits).collect()
}

fn main() {
    for line in stdin().lock().lines() {
        let line = line.expect("a line");
        let words: Vec<&str> = line.split(' ').collect();
        let answer = match words[..] {
            ["read", kind, message] => read(kind, &unhex(message)),
            ["make", kind, seed] => made(kind, seed.parse().expect("a number")),
            _ => panic!("what is {line:?}?"),
        };
        match answer {
            Ok(bytes) => println!("{}", hex(&bytes)),
            Err(error) => println!("refused: {}", error.to_string().replace('\n', " ")),
        }
        stdout().flush().expect("stdout");
    }
}

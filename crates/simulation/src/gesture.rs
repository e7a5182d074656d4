//! What people do in a run: each gesture through the device's own use cases,
//! with what it was meant to write told to the oracle when the screen confirms.

use crate::action::Gesture;
use crate::dice::Dice;
use crate::oracle::{BroughtFile, Check, Confirmed, Kept, Meant, Nature};
use crate::world::{World, secret};
use device::board::{Access, Board, FieldView, FindingView, ItemView};
use device::simulation::HeldChange;
use device::view::{AppError, ChosenValue, ErrorCode, FindingDraft};
use device::{Device, Register};
use domain::finding::{Answer, Level};
use domain::id::{LedgerId, RecordId};
use domain::record::{field, kind};
use ledger::{Change, Limits, Write, WriteId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;
use std::rc::Rc;
use uuid::Uuid;

/// In how many of a hundred cases the screen shows an older state.
const STALE_PERCENT: u64 = 35;

/// Of the files brought, how many are films.
const FILMS_PERCENT: u64 = 30;
/// The shortest film, and how much longer one may be.
const FILM_BYTES_MIN: usize = 66_000;
const FILM_BYTES_MORE: usize = 600_000;

/// A gesture that was tried.
struct Tried {
    meant: Meant,
    result: Result<(), AppError>,
    nature: Nature,
    file: Option<Vec<u8>>,
}

impl Tried {
    fn work(
        register: (&'static str, &'static str),
        rec: Option<RecordId>,
        value: Value,
        result: Result<Board, AppError>,
    ) -> Self {
        Self {
            meant: Meant { register, rec: rec.map(|rec| rec.to_string()), value },
            result: result.map(drop),
            nature: Nature::Work,
            file: None,
        }
    }
}

fn ids(field: &FieldView) -> Vec<String> {
    field.heads.iter().map(|head| head.id.clone()).collect()
}

fn target(field: &FieldView) -> Register {
    Register::new(&field.target.kind, field.target.rec, &field.target.field)
}

fn answer(dice: &mut Dice) -> Answer {
    [Answer::NotApplicable, Answer::Conforms, Answer::Nonconforming][dice.place(3)]
}

fn level(dice: &mut Dice) -> Level {
    if dice.percent(40) { Level::Major } else { Level::General }
}

fn date(dice: &mut Dice) -> String {
    format!("2026-12-{:02}", 1 + dice.below(28))
}

/// A text that nothing else in the run holds.
fn words(dice: &mut Dice) -> String {
    format!("文字{:016x}", dice.roll())
}

impl World {
    /// A person does something.
    pub fn gesture(&self, gesture: Gesture, dice: &mut Dice) {
        let first = self.any_tablet(dice);
        for turn in 0..self.tablets.len() {
            let number = (first + turn) % self.tablets.len();
            // What few may do, and seldom, is done by whoever can.
            let anybody = matches!(gesture, Gesture::Decide | Gesture::Reply);
            if self.gesture_of(number, gesture, dice) || !anybody {
                return;
            }
        }
    }

    /// Whether the person at this tablet had anything to do it to.
    fn gesture_of(&self, number: usize, gesture: Gesture, dice: &mut Dice) -> bool {
        let Some(device) = self.tablets[number].device() else { return false };
        let before = self.troubles();
        let known = self.known(&device);
        let Some(board) = self.board(number, &device, dice) else { return false };
        let Some(tried) = self.attempt(gesture, number, &device, &board, dice) else {
            return false;
        };
        match &tried.result {
            Ok(()) => {
                self.count(name(gesture));
                self.confirm(number, &device, &known, tried);
            }
            Err(error) => {
                // The gesture may be in the chain or not; its person was told neither.
                let after = self.troubles();
                let explained = before != after
                    || after.2
                    || (error.code == ErrorCode::DiskFull)
                        && self.tablets[number].machine.is_troubled();
                let breakage = matches!(
                    error.code,
                    ErrorCode::Internal | ErrorCode::StoreDamaged | ErrorCode::DiskFull
                );
                if breakage && !explained {
                    let words = format!("tablet {number}: {gesture:?} failed: {error}");
                    self.report(Check::FailuresHaveCauses, words);
                }
            }
        }
        true
    }

    /// What the tablet wrote so far: what a gesture that failed left behind is no
    /// later gesture's.
    fn known(&self, device: &Device) -> BTreeSet<String> {
        device.own_changes().unwrap_or_default().into_iter().map(|change| change.id).collect()
    }

    /// The board that the person looks at: as it is, or as it was a while ago.
    fn board(&self, number: usize, device: &Rc<Device>, dice: &mut Dice) -> Option<Board> {
        let seen = self.tablets[number].seen.borrow().clone();
        match seen {
            Some(board) if dice.percent(STALE_PERCENT) => Some(board),
            _ => {
                let board = device.board(self.task).ok()?;
                *self.tablets[number].seen.borrow_mut() = Some(board.clone());
                Some(board)
            }
        }
    }

    /// The screen said that it is kept: it must be in the chain, as meant.
    fn confirm(&self, number: usize, device: &Device, known: &BTreeSet<String>, tried: Tried) {
        let (Ok((replica, _)), Ok(changes)) = (device.who(), device.own_changes()) else {
            if !self.tablets[number].machine.is_troubled() {
                let words = format!("tablet {number} cannot be read after a gesture");
                self.report(Check::FailuresHaveCauses, words);
            }
            return;
        };
        let mut new = changes.iter().filter(|change| !known.contains(&change.id));
        let found = new.find(|change| match tried.nature {
            Nature::Undecodable => true,
            _ => serde_json::from_slice(&change.bytes)
                .is_ok_and(|change: Value| tried.meant.is_in(&change)),
        });
        let Some(found) = found else {
            let words = format!("tablet {number} confirmed {:?} and has not kept it", tried.meant);
            return self.report(Check::ConfirmedIsWritten, words);
        };
        let mut memory = self.memory.borrow_mut();
        memory.confirmed.push(Confirmed {
            tablet: number,
            ledger: found.ledger,
            replica,
            pos: found.pos,
            id: found.id.clone(),
            bytes: found.bytes.clone(),
            nature: tried.nature,
            kept: Kept::Everywhere,
        });
        if let Some(bytes) = tried.file {
            let sha256 = device::evidence::hash_of(&bytes);
            memory.files.push(BroughtFile {
                tablet: number,
                sha256,
                bytes,
                kept: Kept::Everywhere,
            });
        }
        drop(memory);
        self.unsent_is_counted(number, device);
    }

    fn unsent_is_counted(&self, number: usize, device: &Device) {
        let (Ok(status), Ok(peek)) = (device.sync_status(), device.peek()) else { return };
        let own = |change: &&HeldChange| peek.own.contains(&(change.ledger, change.replica));
        let without = peek.changes.iter().filter(own);
        let without = without.filter(|change| {
            let upto = peek.receipts.get(&(change.ledger, change.replica)).copied();
            change.pos > upto.unwrap_or(0)
        });
        let without = without.count();
        if without != usize::try_from(status.unsent_changes).unwrap_or(0) {
            let shown = status.unsent_changes;
            let words = format!("tablet {number} counts {shown} unsent, there are {without}");
            self.report(Check::UnsentIsCounted, words);
        }
    }

    fn attempt(
        &self,
        gesture: Gesture,
        number: usize,
        device: &Device,
        board: &Board,
        dice: &mut Dice,
    ) -> Option<Tried> {
        match gesture {
            Gesture::Answer => self.answer(device, board, dice),
            Gesture::Remark => self.remark(device, board, dice),
            Gesture::Finding => self.finding(device, board, dice),
            Gesture::Edit => self.edit(device, board, dice),
            Gesture::Evidence => self.evidence(device, board, dice),
            Gesture::Note => {
                let text = format!("{}{}", secret(self.department(number)), words(dice));
                let result = device.add_note(self.task, &text);
                Some(Tried::work((kind::NOTE, field::TEXT), None, json!(text), result))
            }
            Gesture::Propose => self.propose(device, board, dice),
            Gesture::Reply => self.reply(device, board, dice),
            Gesture::Decide => self.decide(device, board, dice),
            Gesture::Foreign => self.foreign(device, board, dice),
            Gesture::Undecodable => {
                let bytes = [&[0xff, 0xfe][..], words(dice).as_bytes()].concat();
                let result = device.write_raw(joint(device)?, |_, _| bytes);
                Some(raw(Nature::Undecodable, Value::Null, result))
            }
            Gesture::UnknownKind => self.unknown_kind(device, dice),
        }
    }

    fn answer(&self, device: &Device, board: &Board, dice: &mut Dice) -> Option<Tried> {
        let item = own_item(board, dice)?;
        let answer = (!dice.percent(8)).then(|| answer(dice));
        let result = device.answer_item(self.task, item.rec, answer, &ids(&item.result));
        Some(Tried::work((kind::ITEM, field::RESULT), Some(item.rec), json!(answer), result))
    }

    fn remark(&self, device: &Device, board: &Board, dice: &mut Dice) -> Option<Tried> {
        let item = own_item(board, dice)?;
        let text = words(dice);
        let value = ChosenValue::Text(text.clone());
        let field = target(&item.remark);
        let result = device.edit_field(self.task, field, &value, &ids(&item.remark));
        Some(Tried::work((kind::ITEM, field::REMARK), Some(item.rec), json!(text), result))
    }

    fn finding(&self, device: &Device, board: &Board, dice: &mut Dice) -> Option<Tried> {
        let item = own_item(board, dice)?;
        let fact = words(dice);
        let draft = FindingDraft {
            item: Some(item.rec),
            fact: fact.clone(),
            location: words(dice),
            level: level(dice),
            criterion: None,
            basis: Vec::new(),
            requirement: words(dice),
            deadline_workdays: dice
                .percent(50)
                .then(|| 1 + u32::try_from(dice.below(20)).unwrap_or(0)),
        };
        let result = device.create_finding(self.task, &draft);
        let rec = result.as_ref().ok().map(|created| created.rec);
        let result = result.map(|created| created.board);
        Some(Tried::work((kind::FINDING, field::FACT), rec, json!(fact), result))
    }

    fn edit(&self, device: &Device, board: &Board, dice: &mut Dice) -> Option<Tried> {
        let finding = own_finding(board, dice)?;
        let (view, register, value, wanted) = match dice.below(5) {
            0 | 1 => {
                let level = level(dice);
                let value = ChosenValue::Assessment { level, criterion: None, basis: Vec::new() };
                let register = (kind::FINDING, field::ASSESSMENT);
                (&finding.assessment, register, value, json!({"level": level}))
            }
            2 => {
                let date = date(dice);
                let register = (kind::FINDING, field::DEADLINE);
                (&finding.deadline, register, ChosenValue::Date(date.clone()), json!(date))
            }
            3 => {
                let text = words(dice);
                let register = (kind::FINDING, field::FACT);
                (&finding.fact, register, ChosenValue::Text(text.clone()), json!(text))
            }
            _ => {
                let text = words(dice);
                let register = (kind::FINDING, field::LOCATION);
                (&finding.location, register, ChosenValue::Text(text.clone()), json!(text))
            }
        };
        let result = device.edit_field(self.task, target(view), &value, &ids(view));
        Some(Tried::work(register, Some(finding.rec), wanted, result))
    }

    fn evidence(&self, device: &Device, board: &Board, dice: &mut Dice) -> Option<Tried> {
        let subject = if dice.percent(50) {
            dice.pick(&board.findings)?.rec
        } else {
            dice.pick(&board.items)?.rec
        };
        let is_film = dice.percent(FILMS_PERCENT);
        let (mut bytes, file) =
            if is_film { (film(dice), "影像.mp4") } else { (photo(), "照片.jpg") };
        // A file is a photo up to its end mark, whatever follows.
        bytes.extend_from_slice(words(dice).as_bytes());
        let sha256 = hex(&Sha256::digest(&bytes));
        let result = device.put_evidence(self.task, subject, file, &bytes);
        if is_film && result.is_ok() {
            self.count("films");
        }
        let wanted = json!({"sha256": sha256});
        let mut tried = Tried::work((kind::EVIDENCE, field::FILE), None, wanted, result);
        tried.file = Some(bytes);
        Some(tried)
    }

    fn propose(&self, device: &Device, board: &Board, dice: &mut Dice) -> Option<Tried> {
        let findings: Vec<&FindingView> =
            board.findings.iter().filter(|f| f.access == Access::Propose).collect();
        let items: Vec<&ItemView> =
            board.items.iter().filter(|i| i.access == Access::Propose).collect();
        let reason = words(dice);
        let (view, value) = match dice.pick(&findings) {
            Some(finding) if dice.percent(60) => {
                let level = level(dice);
                let value = ChosenValue::Assessment { level, criterion: None, basis: Vec::new() };
                (&finding.assessment, value)
            }
            _ => (&dice.pick(&items)?.result, ChosenValue::Answer(Some(answer(dice)))),
        };
        let result = device.propose(self.task, target(view), &value, &reason, &ids(view));
        let wanted = json!({"reason": reason});
        Some(Tried::work((kind::PROPOSAL, field::CONTENT), None, wanted, result))
    }

    fn reply(&self, device: &Device, board: &Board, dice: &mut Dice) -> Option<Tried> {
        let open: Vec<_> = board.proposals.iter().filter(|one| one.may_reply).collect();
        let proposal = *dice.pick(&open)?;
        let (accepted, reason) = (dice.percent(50), words(dice));
        let field =
            field_of(board, &proposal.target.kind, proposal.target.rec, &proposal.target.field);
        let seen = field.map(ids).unwrap_or_default();
        let result = device.reply_proposal(self.task, proposal.rec, accepted, &reason, &seen);
        let wanted = json!({"accepted": accepted, "reason": reason});
        Some(Tried::work((kind::PROPOSAL, field::REPLY), Some(proposal.rec), wanted, result))
    }

    fn decide(&self, device: &Device, board: &Board, dice: &mut Dice) -> Option<Tried> {
        let open: Vec<_> = board.conflicts.iter().filter(|one| one.may_decide).collect();
        let conflict = *dice.pick(&open)?;
        let head = dice.pick(&conflict.field.heads)?.id.clone();
        let reason = words(dice);
        let seen = ids(&conflict.field);
        let result = device.decide(self.task, target(&conflict.field), &head, &reason, &seen);
        let wanted = json!({"reason": reason});
        Some(Tried::work((kind::DECISION, field::RULING), None, wanted, result))
    }

    /// An answer to another department's item, by an app that does not ask.
    fn foreign(&self, device: &Device, board: &Board, dice: &mut Dice) -> Option<Tried> {
        let items: Vec<&ItemView> =
            board.items.iter().filter(|item| item.access == Access::Propose).collect();
        let item = *dice.pick(&items)?;
        if self.handed_on.borrow().contains(&item.rec) {
            return None;
        }
        self.foreign.borrow_mut().insert(item.rec);
        let value = json!(answer(dice));
        let sup: Vec<WriteId> = ids(&item.result).iter().filter_map(|id| id.parse().ok()).collect();
        let write = Write::new(kind::ITEM, item.rec, field::RESULT, value.clone()).superseding(sup);
        self.write_as(device, write, Nature::Foreign, value)
    }

    fn unknown_kind(&self, device: &Device, dice: &mut Dice) -> Option<Tried> {
        let mut bytes = [0; 16];
        dice.fill(&mut bytes);
        let rec = RecordId(Uuid::from_bytes(bytes));
        let value = json!({"newer": words(dice)});
        let write = Write::new("weather", rec, "sky", value.clone());
        self.write_as(device, write, Nature::Work, value)
    }

    fn write_as(
        &self,
        device: &Device,
        write: Write,
        nature: Nature,
        value: Value,
    ) -> Option<Tried> {
        let clock = device::clock::Clock::wall(self.clock_of(device)?.as_ref());
        let register = (write.register.kind.clone(), write.register.field.clone());
        let result = device.write_raw(joint(device)?, |pos, author| {
            let change = Change {
                pos,
                author,
                wall: clock,
                n: pos,
                seen: 1,
                intent: "newer.app".to_owned(),
                writes: vec![write],
            };
            change.encode(Limits::DEVICE).unwrap_or_default()
        });
        let mut tried = raw(nature, value, result);
        tried.meant.register = match register.0.as_str() {
            "weather" => ("weather", "sky"),
            _ => (kind::ITEM, field::RESULT),
        };
        Some(tried)
    }

    fn clock_of(&self, device: &Device) -> Option<std::sync::Arc<crate::clock::SkewedClock>> {
        let (_, person) = device.who().ok()?;
        let tablet = self.tablets.iter().find(|tablet| tablet.person == person)?;
        Some(std::sync::Arc::clone(&tablet.clock))
    }
}

fn raw(nature: Nature, value: Value, result: Result<(), AppError>) -> Tried {
    let meant = Meant { register: ("", ""), rec: None, value };
    Tried { meant, result, nature, file: None }
}

fn joint(device: &Device) -> Option<LedgerId> {
    let digests = device.digests().ok()?;
    digests.iter().find(|one| one.audience == "joint").map(|one| one.ledger)
}

fn own_item<'a>(board: &'a Board, dice: &mut Dice) -> Option<&'a ItemView> {
    let own: Vec<&ItemView> =
        board.items.iter().filter(|item| item.access == Access::Own).collect();
    dice.pick(&own).copied()
}

fn own_finding<'a>(board: &'a Board, dice: &mut Dice) -> Option<&'a FindingView> {
    let own: Vec<&FindingView> =
        board.findings.iter().filter(|finding| finding.access == Access::Own).collect();
    dice.pick(&own).copied()
}

fn field_of<'a>(board: &'a Board, kind: &str, rec: RecordId, field: &str) -> Option<&'a FieldView> {
    let items = board.items.iter().flat_map(|item| [&item.result, &item.remark]);
    let findings = board
        .findings
        .iter()
        .flat_map(|f| [&f.assessment, &f.location, &f.fact, &f.requirement, &f.deadline]);
    items.chain(findings).find(|view| {
        view.target.kind == kind && view.target.rec == rec && view.target.field == field
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A small photo.
fn photo() -> Vec<u8> {
    static PHOTO: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    PHOTO
        .get_or_init(|| {
            let picture = image::RgbImage::from_pixel(8, 8, image::Rgb([120, 90, 60]));
            let mut bytes = std::io::Cursor::new(Vec::new());
            // Encoding eight pixels into memory cannot fail; if it did, taking
            // the photo would be refused and no evidence counted.
            let _ = picture.write_to(&mut bytes, image::ImageFormat::Jpeg);
            bytes.into_inner()
        })
        .clone()
}

/// The beginning of a film; longer than what goes along with an announcement,
/// and sometimes than the first piece.
fn film(dice: &mut Dice) -> Vec<u8> {
    let mut bytes = b"\0\0\0\x18ftypisom\0\0\0\0isommp42".to_vec();
    let length = FILM_BYTES_MIN + dice.place(FILM_BYTES_MORE);
    bytes.extend((bytes.len()..length).map(|n| (n % 251) as u8));
    bytes
}

fn name(gesture: Gesture) -> &'static str {
    match gesture {
        Gesture::Answer => "answers",
        Gesture::Remark => "remarks",
        Gesture::Finding => "findings",
        Gesture::Edit => "edits",
        Gesture::Evidence => "photos",
        Gesture::Note => "notes",
        Gesture::Propose => "proposals",
        Gesture::Reply => "replies",
        Gesture::Decide => "decisions",
        Gesture::Foreign => "foreign writes",
        Gesture::Undecodable => "undecodable changes",
        Gesture::UnknownKind => "unknown kinds",
    }
}

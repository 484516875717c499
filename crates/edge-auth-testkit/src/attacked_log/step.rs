//! Steps of a revocation log's history.

/// An action of an administrator, of the attacker, or of an instance; or time that passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// An administrator revokes the token for good.
    RevokeToken,
    /// Revokes the token for an hour.
    RevokeBriefly,
    /// Revokes all tokens of its subject that were issued until now.
    RevokeSubject,
    /// Undoes the log's last revocation of the token.
    UndoToken,
    /// Undoes the log's last revocation of its subject.
    UndoSubject,
    /// Revokes something else.
    RevokeOther,
    /// Announces that an API key's record was written.
    WriteKey,
    /// Makes a snapshot.
    Compact,
    /// Changes the secret for new records.
    Renew,
    /// More than a day passes.
    Pass,
    /// The attacker deletes the record at this distance from the newest.
    Delete(u8),
    /// Deletes the oldest record.
    DeleteOldest,
    /// Deletes the snapshot.
    DropSnapshot,
    /// Damages the pages of the snapshot.
    DamagePages,
    /// Copies the whole content.
    Save,
    /// Restores the whole copy.
    PutBack,
    /// Restores the copy's records, and leaves the snapshot.
    PutBackRecords,
    /// Restores the copy's snapshot, and leaves the records.
    PutBackSnapshot,
    /// Restores the records that are missing, and leaves the others.
    PutBackMissing,
    /// Moves the newest record to the next sequence.
    Move,
    /// Asks an instance.
    Read(u8),
    /// Restarts an instance.
    Restart(u8),
}

/// Decodes a fuzzer's byte. `Read` is more frequent than the others.
impl From<u8> for Step {
    fn from(byte: u8) -> Self {
        match byte % 26 {
            0 => Self::RevokeToken,
            1 => Self::RevokeBriefly,
            2 => Self::RevokeSubject,
            3 => Self::UndoToken,
            4 => Self::UndoSubject,
            5 => Self::RevokeOther,
            6 => Self::WriteKey,
            7 => Self::Compact,
            8 => Self::Renew,
            9 => Self::Pass,
            10..=12 => Self::Delete(byte % 26 - 10),
            13 => Self::DeleteOldest,
            14 => Self::DropSnapshot,
            15 => Self::DamagePages,
            16 => Self::Save,
            17 => Self::PutBack,
            18 => Self::PutBackRecords,
            19 => Self::PutBackSnapshot,
            20 => Self::PutBackMissing,
            21 => Self::Move,
            22 | 23 => Self::Read(0),
            24 => Self::Read(1),
            _ => Self::Restart(byte / 26 % 2),
        }
    }
}

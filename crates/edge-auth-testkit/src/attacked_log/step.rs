//! What happens to the log.

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
    /// Begins to make records with a new secret.
    Renew,
    /// More than a day passes.
    Pass,
    /// The attacker deletes the record that is so far from the newest.
    Delete(u8),
    /// Deletes the oldest record.
    DeleteOldest,
    /// Deletes the snapshot.
    DropSnapshot,
    /// Damages the pages of the snapshot.
    DamagePages,
    /// Copies all that is stored.
    Save,
    /// Puts all of the copy back.
    PutBack,
    /// Puts the copy's records back, and leaves the snapshot.
    PutBackRecords,
    /// Puts the copy's snapshot back, and leaves the records.
    PutBackSnapshot,
    /// Puts back the records of the copy that are missing, and leaves the others.
    PutBackMissing,
    /// Moves the newest record one place on.
    Move,
    /// An instance is asked.
    Read(u8),
    /// An instance starts again.
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

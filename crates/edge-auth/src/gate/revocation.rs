//! Checks in memory, at every use, that a good credential was not revoked.

use std::sync::Arc;

use edge_auth_token::Timestamp;

use super::context::{DecisionContext, wait_for};
use super::key_record_cache::KeyRecordCache;
use super::outcome::{CheckResult, DeferredTask};
use crate::certificate::{CertificateProfile, KnownCertificate};
use crate::denial::{Code, Denial};
use crate::platform::{Platform, RevocationFeed, Unavailable};
use crate::revocation::{
    Freshness, Lookup, LookupTags, Replica, RevocationKey, RevocationSecrets, RevocationStatus,
    StatusKind,
};

/// The properties by which a credential can be revoked: their names for people, and the tags under
/// which the feed has them.
pub(super) type RevocationMarks = [(&'static str, LookupTags)];

/// The replica of the revocation feed, and the cache of API-key records that its changes concern.
pub(super) struct RevocationChecker {
    /// `None` where the policy has no feed.
    replica: Option<Arc<Replica>>,
    key_records: Arc<KeyRecordCache>,
}

impl RevocationChecker {
    pub(super) fn new(replica: Option<Replica>, key_records: Arc<KeyRecordCache>) -> Self {
        Self { replica: replica.map(Arc::new), key_records }
    }

    /// Takes over the replica of another gate, if the policies say the same about the feed.
    pub(super) fn take_over(&mut self, other: &Self) {
        if let (Some(own), Some(known)) = (&mut self.replica, &other.replica)
            && own.is_like(known)
        {
            *own = Arc::clone(known);
        }
    }

    /// Returns the secrets of the feed, if there is one.
    pub(super) fn secrets(&self) -> Option<&RevocationSecrets> {
        self.replica.as_ref().map(|replica| &replica.secrets)
    }

    /// Returns the version of a key's record that the feed announced.
    pub(super) fn announced_version(&self, id: &str, now: Timestamp) -> Option<u64> {
        self.replica.as_ref()?.key_version(id, now)
    }

    /// Makes sure that recent revocations are known: reads the feed now, if what is known is too
    /// old, or leaves that for after the answer. Does so once for each request, and again if the
    /// request waited for something since.
    pub(super) async fn ensure_fresh<P: Platform>(
        &self,
        platform: &P,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<(), Denial> {
        let Some(replica) = &self.replica else { return Ok(()) };
        if context.revocations_known_after == Some(context.waited) {
            return Ok(());
        }
        match replica.freshness(context.moment(now)) {
            Freshness::Fresh => {}
            Freshness::Due => {
                if replica.may_read(context.moment(now)) {
                    context.deferred_tasks.push(DeferredTask::RefreshRevocations);
                }
            }
            Freshness::Old | Freshness::Stale => {
                let acquiring = platform.revocations().acquire_read_lock();
                let _read_lock = wait_for(platform, acquiring, &mut context.waited).await;
                // Whoever had the lock before may have read the feed, or may have failed to.
                let moment = context.moment(now);
                let old = matches!(replica.freshness(moment), Freshness::Old | Freshness::Stale);
                if old && replica.may_wait(moment) {
                    // Whether what is known suffices is checked below.
                    let reading = self.read(platform, moment, &mut context.notices);
                    let _ = wait_for(platform, reading, &mut context.waited).await;
                }
                if replica.freshness(context.moment(now)) == Freshness::Stale {
                    stale(replica, context)?;
                }
            }
        }
        context.revocations_known_after = Some(context.waited);
        Ok(())
    }

    /// Makes sure that the revocations by which the credentials were judged are still recent, after
    /// everything that the request waited for.
    pub(super) fn ensure_still_fresh(
        &self,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<(), Denial> {
        match (&self.replica, context.judged_by) {
            (Some(replica), Some(read_at)) if replica.is_stale(read_at, context.moment(now)) => {
                stale(replica, context)
            }
            _ => Ok(()),
        }
    }

    /// Reads the revocations since the last read, and forgets the records of keys that changed.
    pub(super) async fn read<P: Platform>(
        &self,
        platform: &P,
        now: Timestamp,
        notices: &mut Vec<String>,
    ) -> Result<(), Unavailable> {
        let Some(replica) = &self.replica else { return Ok(()) };
        let read = replica.refresh(platform, now, notices).await;
        let changes = replica.take_news();
        for id in &changes.changed_keys {
            self.key_records.forget(id);
        }
        if changes.skipped {
            self.key_records.forget_all();
        }
        read
    }

    /// Refuses a token that was revoked.
    pub(super) async fn check_token<P: Platform>(
        &self,
        marks: &RevocationMarks,
        issued_at: Option<Timestamp>,
        platform: &P,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<(), Denial> {
        self.ensure_fresh(platform, now, context).await?;
        if let Some((what, entry)) = self.revoked(marks, issued_at, platform, now, context).await? {
            let reason = format!("its {what} was revoked by entry {entry} or before");
            return Err(Denial::new(Code::TokenRevoked, reason));
        }
        if !marks.is_empty() {
            context.check("revocation", CheckResult::Passed, || "not revoked".to_owned());
        }
        Ok(())
    }

    /// Refuses an API key that was revoked.
    pub(super) async fn check_key<P: Platform>(
        &self,
        id: &str,
        platform: &P,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<(), Denial> {
        self.ensure_fresh(platform, now, context).await?;
        let Some(replica) = &self.replica else { return Ok(()) };
        if replica.index().is_empty() {
            return Ok(());
        }
        let marks = [("id", replica.secrets.marks(RevocationKey::ApiKey(id)))];
        match self.revoked(&marks, None, platform, now, context).await? {
            Some((_, entry)) => {
                Err(Denial::new(Code::KeyRevoked, format!("revoked by entry {entry}")))
            }
            None => Ok(()),
        }
    }

    /// Refuses a certificate that was revoked, or one whose issuers were, and one without a current
    /// revocation list where the policy requires that.
    pub(super) async fn check_certificate<P: Platform>(
        &self,
        profile: &CertificateProfile,
        certificate: &KnownCertificate,
        platform: &P,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<(), Denial> {
        self.ensure_fresh(platform, now, context).await?;
        for (above, marks) in certificate.marks.iter().enumerate() {
            if let Some((what, entry)) =
                self.revoked(&marks.own, None, platform, now, context).await?
            {
                let whose = match above {
                    0 => "its",
                    _ if marks.named => "an authority of the policy: the",
                    _ => "a certificate above it: the",
                };
                let reason = format!("{whose} {what} was revoked by entry {entry} or before");
                return Err(Denial::new(Code::CertificateRevoked, reason));
            }
            let is_required = profile.lists.required && !marks.named;
            let mut next_update = self.next_update(&marks.lists, now);
            if !is_required {
                next_update = next_update.max(self.next_update(&marks.possible_lists, now));
            }
            match next_update {
                None if is_required => {
                    let reason = format!(
                        "block `{}` requires a revocation list, and none was imported that is about this certificate",
                        profile.name
                    );
                    return Err(Denial::new(Code::CertificateListStale, reason));
                }
                Some(next_update) if now >= next_update && !profile.lists.overdue_allowed => {
                    let due = crate::audit::rfc3339_text(next_update);
                    let reason = format!("a newer revocation list has been due since {due}");
                    return Err(Denial::new(Code::CertificateListStale, reason));
                }
                Some(_) | None => {}
            }
        }
        Ok(())
    }

    /// Returns when the last of these lists is due to be replaced; `None` if none was imported.
    fn next_update(&self, lists: &[LookupTags], now: Timestamp) -> Option<Timestamp> {
        let index = self.replica.as_ref()?.index();
        let mut last = None;
        for list in lists {
            if let Lookup::Known(RevocationStatus {
                state: StatusKind::Listed { next_update },
                ..
            }) = index.find(list, now)
            {
                last = last.max(Some(next_update));
            }
        }
        last
    }

    /// Returns which of the marks is revoked, and by which entry. Asks the store only about marks
    /// that the filter of a snapshot contains, once each.
    async fn revoked<P: Platform>(
        &self,
        marks: &RevocationMarks,
        issued_at: Option<Timestamp>,
        platform: &P,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<Option<(&'static str, u64)>, Denial> {
        let Some(replica) = &self.replica else { return Ok(None) };
        context.judged_by(replica.read_at());
        let mut to_confirm = Vec::new();
        {
            let index = replica.index();
            for (what, marks) in marks {
                match index.find(marks, now) {
                    Lookup::Known(status) if is_revoked(&status, issued_at, now) => {
                        return Ok(Some((what, status.sequence)));
                    }
                    Lookup::Unconfirmed { known, open } => to_confirm.push((what, known, open)),
                    Lookup::Known(_) | Lookup::Nothing => {}
                }
            }
        }
        for (what, known, open) in to_confirm {
            let feed = platform.revocations();
            let confirming = replica.confirm(feed, known, &open, now, &mut context.notices);
            let confirmed = wait_for(platform, confirming, &mut context.waited).await;
            let confirmed = confirmed.map_err(|error| {
                let reason = format!("the store could not confirm a possible revocation: {error}");
                Denial::new(Code::StoreUnavailable, reason)
            })?;
            if let Some(status) = confirmed
                && is_revoked(&status, issued_at, now)
            {
                return Ok(Some((what, status.sequence)));
            }
        }
        Ok(None)
    }
}

/// Returns whether an entry revokes a credential that was issued at this time. One that does not
/// say when it was issued may have been issued at any time.
fn is_revoked(status: &RevocationStatus, issued_at: Option<Timestamp>, now: Timestamp) -> bool {
    if !status.counts(now) {
        return false;
    }
    match status.state {
        StatusKind::Revoked { before: None } => true,
        StatusKind::Revoked { before: Some(before) } => {
            issued_at.is_none_or(|issued_at| issued_at < before)
        }
        StatusKind::Listed { .. } | StatusKind::Written { .. } | StatusKind::Undone => false,
    }
}

/// Refuses because the known revocations are too old, or warns where the rule allows that.
fn stale(replica: &Replica, context: &mut DecisionContext) -> Result<(), Denial> {
    let reason = format!("recent revocations are unknown: {}", replica.trouble());
    if !context.allows_stale_revocation {
        return Err(Denial::new(Code::RevocationStale, reason));
    }
    context.warn(reason);
    Ok(())
}

//! Whether a credential that is good by itself was revoked: asked at every use, in memory.

use std::time::Duration;

use edge_auth_token::Timestamp;

use super::Gate;
use super::outcome::{CheckResult, DecisionContext, DeferredTask};
use crate::certificate::{CertificateProfile, KnownCertificate};
use crate::denial::{Code, Denial};
use crate::platform::{MaybeSend, Platform, RevocationFeed, Unavailable};
use crate::revocation::{
    Freshness, Lookup, LookupTags, Replica, RevocationKey, RevocationStatus, StatusKind,
};

impl<P: Platform> Gate<P> {
    /// Makes sure that it is known what was revoked lately: reads it now, if need be, or leaves
    /// that for after the answer. Once for each request, and again if it waited for something
    /// since.
    pub(super) async fn know_revocations(
        &self,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<(), Denial> {
        let known = context.revocations_known_after == Some(context.waited);
        let Some(replica) = self.revocations.as_ref().filter(|_| !known) else {
            return Ok(());
        };
        match replica.freshness(context.moment(now)) {
            Freshness::Fresh => {}
            Freshness::Due => {
                if replica.may_read(context.moment(now)) {
                    context.deferred_tasks.push(DeferredTask::RefreshRevocations);
                }
            }
            Freshness::Old | Freshness::Stale => {
                let _read_lock = self
                    .wait_for(self.platform.revocations().acquire_read_lock(), &mut context.waited)
                    .await;
                // Whoever had the turn before may have read, or may have failed.
                let moment = context.moment(now);
                let old = matches!(replica.freshness(moment), Freshness::Old | Freshness::Stale);
                if old && replica.may_wait(moment) {
                    // Whether what is known is enough is asked below.
                    let reading = self.read_revocations(moment, &mut context.notices);
                    let _ = self.wait_for(reading, &mut context.waited).await;
                }
                if replica.freshness(context.moment(now)) == Freshness::Stale {
                    stale(replica, context)?;
                }
            }
        }
        context.revocations_known_after = Some(context.waited);
        Ok(())
    }

    /// Makes sure that what nothing was revoked by is new enough still, after all that was waited
    /// for.
    pub(super) fn still_know_revocations(
        &self,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<(), Denial> {
        match (&self.revocations, context.judged_by) {
            (Some(replica), Some(read_at)) if replica.is_stale(read_at, context.moment(now)) => {
                stale(replica, context)
            }
            _ => Ok(()),
        }
    }

    /// Waits, and counts for how long.
    pub(super) async fn wait_for<W: Future<Output: MaybeSend> + MaybeSend>(
        &self,
        work: W,
        waited: &mut Duration,
    ) -> W::Output {
        let (done, took) = self.platform.timed(work).await;
        *waited = waited.saturating_add(took);
        done
    }

    /// Reads what was revoked since the last time, and forgets the records of keys that changed.
    pub(crate) async fn read_revocations(
        &self,
        now: Timestamp,
        notices: &mut Vec<String>,
    ) -> Result<(), Unavailable> {
        let Some(replica) = &self.revocations else { return Ok(()) };
        let read = replica.refresh(&self.platform, now, notices).await;
        let news = replica.take_news();
        news.changed_keys.iter().for_each(|id| self.forget_key(id));
        if news.skipped {
            self.forget_keys();
        }
        read
    }

    /// Checks a token, by its marks.
    pub(super) async fn check_token_revocation(
        &self,
        marks: &[(&'static str, LookupTags)],
        issued_at: Option<Timestamp>,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<(), Denial> {
        self.know_revocations(now, context).await?;
        if let Some((what, entry)) = self.revoked(marks, issued_at, now, context).await? {
            let reason = format!("its {what} was revoked by entry {entry} or before");
            return Err(Denial::new(Code::TokenRevoked, reason));
        }
        if !marks.is_empty() {
            context.check("revocation", CheckResult::Passed, || "not revoked".to_owned());
        }
        Ok(())
    }

    /// Checks an API key.
    pub(super) async fn check_key_revocation(
        &self,
        id: &str,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<(), Denial> {
        self.know_revocations(now, context).await?;
        let Some(replica) = self.revocations.as_ref().filter(|replica| !replica.index().is_empty())
        else {
            return Ok(());
        };
        let marks = [("id", replica.secrets.marks(RevocationKey::ApiKey(id)))];
        match self.revoked(&marks, None, now, context).await? {
            Some((_, entry)) => {
                Err(Denial::new(Code::KeyRevoked, format!("revoked by entry {entry}")))
            }
            None => Ok(()),
        }
    }

    /// Checks a certificate, and those above it.
    pub(super) async fn check_certificate_revocation(
        &self,
        block: &CertificateProfile,
        certificate: &KnownCertificate,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<(), Denial> {
        self.know_revocations(now, context).await?;
        for (above, marks) in certificate.marks.iter().enumerate() {
            if let Some((what, entry)) = self.revoked(&marks.own, None, now, context).await? {
                let whose = match above {
                    0 => "its",
                    _ if marks.named => "an authority of the policy: the",
                    _ => "a certificate above it: the",
                };
                let reason = format!("{whose} {what} was revoked by entry {entry} or before");
                return Err(Denial::new(Code::CertificateRevoked, reason));
            }
            match self.next_update(&marks.lists, now) {
                None if block.lists.required && !marks.named => {
                    let reason = format!(
                        "block `{}` requires a revocation list, and none was imported that is about this certificate",
                        block.name
                    );
                    return Err(Denial::new(Code::CertificateListStale, reason));
                }
                Some(next_update) if now >= next_update && !block.lists.overdue_allowed => {
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
        let index = self.revocations.as_ref()?.index();
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

    /// By what of it something is revoked, and by which entry. The store is asked only about what
    /// the filter of a snapshot has, and once.
    async fn revoked(
        &self,
        marks: &[(&'static str, LookupTags)],
        issued_at: Option<Timestamp>,
        now: Timestamp,
        context: &mut DecisionContext,
    ) -> Result<Option<(&'static str, u64)>, Denial> {
        let Some(replica) = &self.revocations else { return Ok(None) };
        context.judged_by(replica.read_at());
        let bars = |status: &RevocationStatus| match status.state {
            _ if !status.counts(now) => false,
            StatusKind::Revoked { before: None } => true,
            // One that does not say when it was issued may have been issued at any time.
            StatusKind::Revoked { before: Some(before) } => {
                issued_at.is_none_or(|issued_at| issued_at < before)
            }
            StatusKind::Listed { .. } | StatusKind::Written { .. } | StatusKind::Undone => false,
        };
        let mut to_confirm = Vec::new();
        {
            let index = replica.index();
            for (what, marks) in marks {
                match index.find(marks, now) {
                    Lookup::Known(status) if bars(&status) => {
                        return Ok(Some((what, status.sequence)));
                    }
                    Lookup::Unconfirmed { known, open } => to_confirm.push((what, known, open)),
                    Lookup::Known(_) | Lookup::Nothing => {}
                }
            }
        }
        for (what, known, open) in to_confirm {
            let confirming = replica.confirm(
                self.platform.revocations(),
                known,
                &open,
                now,
                &mut context.notices,
            );
            let confirmed =
                self.wait_for(confirming, &mut context.waited).await.map_err(|error| {
                    Denial::new(
                        Code::StoreUnavailable,
                        format!("what seems to be revoked is not confirmed: {error}"),
                    )
                })?;
            if let Some(status) = confirmed.filter(bars) {
                return Ok(Some((what, status.sequence)));
            }
        }
        Ok(None)
    }
}

/// What is known is too old: refuses, except where the rule says that this is no reason.
fn stale(replica: &Replica, context: &mut DecisionContext) -> Result<(), Denial> {
    let reason = format!("it is not known what was revoked lately: {}", replica.trouble());
    if !context.allows_stale_revocation {
        return Err(Denial::new(Code::RevocationStale, reason));
    }
    context.warning = Some(reason);
    Ok(())
}

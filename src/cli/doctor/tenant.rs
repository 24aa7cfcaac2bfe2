//! The tenant, from the name of its host to the routes that tools need: each step only where the one before came
//! to something. All of it only reads, and none of it is a tool call: the journal isn't touched.

use std::sync::Arc;

use super::finding::{Check, Report};
use super::patient::{Patient, client};
use super::{key, reach, routes};

pub(super) const CHECKS: &[Check] = &[
    Check::Tenant,
    Check::Tls,
    Check::Clock,
    Check::RateLimit,
    Check::OrganisationId,
    Check::OpenTenant,
    Check::Key,
    Check::OrgKeys,
    Check::Routes,
];

pub(super) async fn look(patient: Arc<Patient>, mut report: Report) {
    let tenant = match &patient.tenant {
        Ok(Some(tenant)) => tenant,
        Ok(None) => return report.end("an embedded tenant is carried by the process that uses it"),
        Err(why) => return report.end(why.as_str()),
    };
    let asker = match client(tenant, tenant.org_id.clone()) {
        Ok(asker) => asker,
        Err(why) => return report.end(why),
    };
    let Some(first) = reach::look(&tenant.base, &asker, &mut report).await else {
        return report.end("the tenant can't be reached");
    };
    if !key::look(tenant, &asker, &mut report).await {
        return report.end("the tenant doesn't let us in");
    }
    report.tell(routes::look(&asker, patient.rules.as_ref().ok(), first.rate).await);
}

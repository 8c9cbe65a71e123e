mod abuse;
mod rig;
mod sites;
mod transfers;

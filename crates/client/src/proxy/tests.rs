mod abuse;
mod rig;
mod sites;

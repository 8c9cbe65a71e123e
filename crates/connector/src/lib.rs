//! Behind the firewall: invites devices, opens sealed records, decides who may reach what.

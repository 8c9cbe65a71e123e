<?php
$conf['title'] = 'Northlight Wiki';
$conf['useacl'] = 1;
$conf['authtype'] = 'authstamp';
$conf['savedir'] = dirname(__DIR__) . '/data';

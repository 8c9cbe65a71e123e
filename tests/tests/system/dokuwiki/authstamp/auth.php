<?php
/** Takes the name from the header that the connector stamps; DokuWiki's own interface for single sign-on. */
class auth_plugin_authstamp extends DokuWiki_Auth_Plugin
{
    public function __construct()
    {
        parent::__construct();
        $this->cando['external'] = true;
        $this->cando['logout'] = false;
    }
    public function trustExternal($user, $pass, $sticky = false)
    {
        global $USERINFO;
        $name = $_SERVER['HTTP_X_REMOTE_USER'] ?? '';
        if ($name === '') {
            return false;
        }
        $USERINFO = ['name' => $name, 'mail' => '', 'grps' => ['user']];
        $_SERVER['REMOTE_USER'] = $name;
        return true;
    }
    public function getUserData($user, $requireGroups = true)
    {
        return ['name' => $user, 'mail' => '', 'grps' => ['user']];
    }
}

<?php
/**
 * Starts a real WordPress for one script, without a web server: php wordpress.php SETTINGS.json SCRIPT.php.
 *
 * @package wcflow-companion
 */

$settings = json_decode( file_get_contents( $argv[1] ), true );
error_reporting( E_ALL );
ini_set( 'display_errors', 'stderr' );

$_SERVER += array(
	'HTTP_HOST'       => 'shop.example',
	'SERVER_NAME'     => 'shop.example',
	'SERVER_PROTOCOL' => 'HTTP/1.1',
	'REQUEST_METHOD'  => 'GET',
	'REQUEST_URI'     => '/',
	'REMOTE_ADDR'     => '127.0.0.1',
);
$constants = array(
	'DB_NAME'                => $settings['database'],
	'DB_USER'                => $settings['user'],
	'DB_PASSWORD'            => '',
	'DB_HOST'                => 'localhost:' . $settings['socket'],
	'DB_CHARSET'             => 'utf8mb4',
	'DB_COLLATE'             => '',
	'ABSPATH'                => $settings['wordpress'] . '/',
	'WP_CONTENT_DIR'         => $settings['content'],
	'WP_HOME'                => 'https://shop.example',
	'WP_SITEURL'             => 'https://shop.example',
	'WP_HTTP_BLOCK_EXTERNAL' => true,
	'DISABLE_WP_CRON'        => true,
	'WP_DEBUG'               => true,
	'WP_DEBUG_DISPLAY'       => null,
	'AUTH_KEY'               => 'a test',
);
if ( ! empty( $settings['admin'] ) ) {
	$constants['WP_ADMIN'] = true;
}
if ( ! empty( $settings['network'] ) ) {
	$constants += array(
		'MULTISITE'            => true,
		'SUBDOMAIN_INSTALL'    => false,
		'DOMAIN_CURRENT_SITE'  => 'shop.example',
		'PATH_CURRENT_SITE'    => '/',
		'SITE_ID_CURRENT_SITE' => 1,
		'BLOG_ID_CURRENT_SITE' => 1,
	);
}
foreach ( $constants as $name => $value ) {
	define( $name, $value );
}
$table_prefix = 'wp_';
if ( ! empty( $settings['install'] ) ) {
	define( 'WP_INSTALLING', true );
}
/**
 * WordPress sends no e-mail here.
 */
function wp_mail() {
	return true;
}
require ABSPATH . 'wp-settings.php';
if ( ! empty( $settings['install'] ) ) {
	require ABSPATH . 'wp-admin/includes/upgrade.php';
	wp_install( 'Shop', 'admin', 'admin@shop.example', true, '', 'admin' );
	add_role( 'shop_manager', 'Shop manager', array( 'read' => true, 'manage_woocommerce' => true ) );
	get_role( 'administrator' )->add_cap( 'manage_woocommerce' );
	update_option( 'active_plugins', array( 'wcflow-companion/wcflow-companion.php' ) );
}
if ( ! empty( $settings['strict'] ) ) {
	// As MySQL is by itself; WordPress switches this off, and some hosts switch it on again.
	$wpdb->query( "SET SESSION sql_mode = 'STRICT_TRANS_TABLES,NO_ZERO_IN_DATE,NO_ZERO_DATE,ERROR_FOR_DIVISION_BY_ZERO'" );
}
$wpdb->show_errors();
wp_set_current_user( 1 );
require $argv[2];
